/**
 * The document with every object closed that does not say itself what else may be in it. Parts of an `allOf` see only a part of the
 * object, so they stay open.
 */
export function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== 'object' || value === null) return value;
  const inside = Object.fromEntries(
    Object.entries(value).map(([key, part]) => [key, LEFT_ALONE.has(key) ? part : closed(part)]),
  );
  const { type, properties, additionalProperties } = inside;
  const isOpen = type === 'object' && typeof properties === 'object' && additionalProperties === undefined;
  return isOpen ? { ...inside, additionalProperties: false } : inside;
}

const LEFT_ALONE: ReadonlySet<string> = new Set(['allOf', 'example', 'examples']);
