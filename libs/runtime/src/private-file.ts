import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';

const PRIVATE_FILE = 0o600;

/** Writes a private file whole or not at all. */
export function writePrivateFile(path: string, content: string): void {
  const aside = `${path}.${process.pid}.new`;
  try {
    writeFileSync(aside, content, { mode: PRIVATE_FILE });
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw new Error(`${path} cannot be written: ${(error as Error).message}`, { cause: error });
  }
}

/** The JSON of a file, or undefined when there is none or it is not readable as JSON. */
export function readJsonFile(path: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
