const PLAIN = /^[A-Za-z0-9_./:@%+,=-]*$/;

/** The text of a `.env` file that a shell may source: values come back as they were, whatever is in them. */
export function envFileText(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${quote(value)}\n`)
    .join('');
}

function quote(value: string): string {
  if (PLAIN.test(value)) return value;
  if (!value.includes("'")) return `'${value}'`;
  // Double quotes where they mean the same to shells and to readers of .env files, which know no escaped single quote.
  if (!/["$`\\!]/.test(value)) return `"${value}"`;
  return `'${value.replaceAll("'", `'\\''`)}'`;
}
