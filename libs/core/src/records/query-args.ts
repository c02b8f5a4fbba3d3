import { Failure } from '../failure.ts';
import type { QueryDeclaration } from './collections.ts';
import type { IndexableValue, QueryArgs } from './records.ts';

/** A declared query with the name it is declared by. */
export interface NamedQuery {
  readonly name: string;
  readonly declaration: QueryDeclaration;
}

/** The arguments that say what a query finds, without how much of it. */
export type QueryBounds = Omit<QueryArgs, 'limit'>;

/** Firestore's bound on the values of one `in`. */
const MAX_ONE_OF = 30;
const MAX_PAGE = 1_000;

/** Every field whose value the query compares. */
export function comparedFields(declaration: QueryDeclaration): string[] {
  const oneOf = declaration.oneOf === undefined ? [] : [declaration.oneOf];
  return [...declaration.equal, ...oneOf, ...declaration.order.map(({ field }) => field)];
}

/** Every field a record needs to be found by the query. */
export function requiredFields(declaration: QueryDeclaration): string[] {
  return [...listedField(declaration), ...comparedFields(declaration)];
}

/** The field that holds a list, if the query asks one. */
export function listedField({ contains }: QueryDeclaration): string[] {
  return contains === undefined ? [] : [contains];
}

/** Fails with `RECORDS_MISUSED` when the arguments are not the ones the query declares. */
export function checkQueryArgs(query: NamedQuery, args: QueryBounds): void {
  const { name, declaration } = query;
  const given = Object.keys(args.equal ?? {});
  const asked = [...declaration.equal, ...listedField(declaration)];
  const missing = asked.filter((field) => !given.includes(field));
  const foreign = given.filter((field) => !asked.includes(field));
  if (missing.length > 0 || foreign.length > 0) {
    throw misused(`Query ${name} compares (${asked.join(', ')}); it was given (${given.join(', ')}).`);
  }
  const listed = listedField(declaration).find((field) => typeof args.equal?.[field] !== 'string');
  if (listed !== undefined) throw misused(`Query ${name} looks for a string in ${listed}.`);
  checkOneOf(query, args.oneOf);
  if (args.from !== undefined && args.after !== undefined) {
    throw misused(`Query ${name} was given both from and after.`);
  }
  const bounds = [args.from, args.after, args.to].filter((bound) => bound !== undefined);
  if (bounds.length > 0 && declaration.order.length === 0) throw misused(`Query ${name} has no order to bound.`);
  const values: unknown[] = [...Object.values(args.equal ?? {}), ...(args.oneOf ?? []), ...bounds];
  if (values.every(isOrdered)) return;
  throw misused(`Query ${name} was given a value that has no order; null, booleans, numbers and strings have one.`);
}

/** Fails with `RECORDS_MISUSED` when a page may not have that many records. */
export function checkPageSize(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= MAX_PAGE) return;
  throw misused(`A page has 1 to ${MAX_PAGE} records; ${limit} were asked for.`);
}

function checkOneOf({ name, declaration }: NamedQuery, values: readonly IndexableValue[] | undefined): void {
  if (declaration.oneOf === undefined) {
    if (values) throw misused(`Query ${name} has no oneOf field.`);
    return;
  }
  if (values && values.length >= 1 && values.length <= MAX_ONE_OF) return;
  throw misused(`Query ${name} needs 1 to ${MAX_ONE_OF} values for its oneOf field.`);
}

function isOrdered(value: unknown): boolean {
  return (
    value === null ||
    typeof value === 'boolean' ||
    typeof value === 'string' ||
    (typeof value === 'number' && !Number.isNaN(value))
  );
}

function misused(what: string): Failure {
  return new Failure('RECORDS_MISUSED', what);
}
