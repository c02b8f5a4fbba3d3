/** What a field of a runvoy structure is in its Go client: a time, a whole number, or one of these that may be null or left out. */
export type GoField = 'string' | 'integer' | 'boolean' | 'time' | 'strings' | 'any';
export type GoShape = Readonly<Record<string, GoField | `${GoField}?` | `${GoField}|null`>>;

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)$/;

/**
 * Reads an answer as runvoy's Go client does, and says what it would stumble over: a number with a fraction or an exponent where it
 * has an integer, a time that is no RFC 3339, null or nothing where it needs a value. Fields it does not know it ignores. `part` names
 * the field of the answer that has the shape, where it is not the whole; of an array, each.
 */
export function goProblems(text: string, shape: GoShape, part?: string): string[] {
  const whole = parseKeepingNumbers(text);
  return problemsOf(part === undefined ? whole : (whole as Record<string, unknown>)[part], shape, part ?? '');
}

function problemsOf(value: unknown, shape: GoShape, path: string): string[] {
  if (Array.isArray(value)) return value.flatMap((one, index) => problemsOf(one, shape, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [`${path || 'the answer'} is no object`];
  const fields = value as Record<string, unknown>;
  return Object.entries(shape).flatMap(([name, declared]) => {
    const [kind] = declared.split(/[?|]/) as [GoField];
    const field = fields[name];
    if (field === undefined) return declared.endsWith('?') ? [] : [`${path}.${name} is missing`];
    if (field === null) return declared.endsWith('|null') ? [] : [`${path}.${name} is null`];
    return fits(field, kind) ? [] : [`${path}.${name} is no ${kind}: ${JSON.stringify(field)}`];
  });
}

/** A number as it was written. */
class Written {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

function fits(field: unknown, kind: GoField): boolean {
  switch (kind) {
    case 'any':
      return true;
    case 'integer':
      return field instanceof Written && /^-?\d+$/.test(field.source);
    case 'time':
      return typeof field === 'string' && RFC3339.test(field) && !Number.isNaN(Date.parse(field));
    case 'strings':
      return Array.isArray(field) && field.every((one) => typeof one === 'string');
    default:
      return typeof field === kind;
  }
}

/** JSON.parse forgets whether 3 was written as 3.0 or 3e0; Go does not take those for an int. */
function parseKeepingNumbers(text: string): unknown {
  const keep = (_: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' && source !== undefined ? new Written(source) : value;
  return JSON.parse(text, keep as (key: string, value: unknown) => unknown);
}
