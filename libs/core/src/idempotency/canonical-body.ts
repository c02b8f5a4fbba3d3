/** One text for the same body, whatever the order of its fields; a field that is undefined is no field. */
export function canonicalBody(body: unknown): string {
  return JSON.stringify(sortFields(body)) ?? '';
}

function sortFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortFields);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, field]) => [name, sortFields(field)]),
  );
}
