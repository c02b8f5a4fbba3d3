const PLAIN = /^[A-Za-z0-9_./:@%+,=-]*$/;

const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether a shell reads `name=value` as an assignment. Anything else it would run as a command. */
export const isShellName = (name: string): boolean => SHELL_NAME.test(name);

/** The text of a `.env` file that a shell may source: values come back as they were, whatever is in them. Other names are left out. */
export function envFileText(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .filter(([name]) => isShellName(name))
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
