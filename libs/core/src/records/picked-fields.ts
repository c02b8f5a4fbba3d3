/** Of `value` these fields alone, as far as it has them. */
export function pickedFields<T extends object, F extends keyof T & string>(value: T, fields: readonly F[]): Pick<T, F> {
  const here = fields.filter((field) => value[field] !== undefined);
  return Object.fromEntries(here.map((field) => [field, value[field]])) as Pick<T, F>;
}
