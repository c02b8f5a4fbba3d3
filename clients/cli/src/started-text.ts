const STEPS = [
  [60, 's'],
  [60, 'min'],
  [24, 'h'],
] as const;

/** When a run began: `5 min ago` for a person who looks now, otherwise UTC to the second. */
export function startedText(startedAt: string, nowMs?: number): string {
  const atMs = Date.parse(startedAt);
  if (!Number.isFinite(atMs)) return '';
  if (nowMs === undefined) return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
  let amount = Math.max(0, (nowMs - atMs) / 1000);
  for (const [size, unit] of STEPS) {
    if (amount < size) return `${Math.floor(amount)} ${unit} ago`;
    amount /= size;
  }
  return amount < 30 ? `${Math.floor(amount)} d ago` : new Date(atMs).toISOString().slice(0, 10);
}
