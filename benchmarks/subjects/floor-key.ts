/** The key that opens the orchestrator without cloud. */
export const FLOOR_KEY = `rvy_${'a'.repeat(20)}_${'a'.repeat(43)}`;
