import type { Attempt } from './run-files.ts';

/** An attempt as one string, for maps and for the lines between server and spawner. */
export const keyOf = ({ execution_id, attempt }: Attempt) => `${execution_id}/${attempt}`;

export function attemptOf(key: string): Attempt {
  const [execution_id, attempt] = key.split('/') as [string, string];
  return { execution_id, attempt: Number(attempt) };
}
