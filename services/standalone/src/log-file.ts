import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs';

const BYTES_KEPT = 16 * 1024 * 1024;

/** Where the server's log lines go. */
export interface LogFile {
  write(line: string): void;
}

/**
 * A private file that is kept small: beyond 16 MiB it is put aside at the next start.
 * A line that cannot be written is lost and counted: a full disk must not end the server. The next line that can be says how many.
 */
export function openLogFile(path: string): LogFile {
  if (existsSync(path) && statSync(path).size > BYTES_KEPT) renameSync(path, `${path}.1`);
  let lost = 0;
  return {
    write(line) {
      try {
        const gap =
          lost === 0 ? '' : `${JSON.stringify({ severity: 'WARNING', message: `${lost} log lines were lost` })}\n`;
        appendFileSync(path, gap + line, { mode: 0o600 });
        lost = 0;
      } catch {
        lost += 1;
      }
    },
  };
}
