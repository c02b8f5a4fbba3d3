import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs';

/** Of open(2); what this process opened by itself carries it, because Node sets it on everything. */
const CLOSE_ON_EXEC = 0o2000000;

/**
 * Closes what whoever started this process left open in it beyond the three standard streams: every process it starts would inherit it,
 * and a descriptor leads into a sandbox whatever its walls (bubblewrap passes all of them on). To be called before anything is opened.
 * Where there is no /proc, nothing is closed.
 *
 * Their numbers stay taken. What this process opened for itself before, such as the log of a profiler (`--perf-basic-prof`), is not told
 * from what it was given, and goes on being written to: the next file to be opened would get the number, and the text in it. That file
 * is the database.
 */
export function closeInheritedDescriptors(env: Readonly<Record<string, string | undefined>>): void {
  for (const name of listed('/proc/self/fdinfo')) {
    const fd = Number(name);
    if (fd > 2 && name !== env['NODE_CHANNEL_FD'] && isInherited(name)) close(fd);
  }
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

function isInherited(name: string): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(readFileSync(`/proc/self/fdinfo/${name}`, 'latin1'))?.[1];
    return flags !== undefined && (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0;
  } catch {
    // That was the listing itself: it is closed again.
    return false;
  }
}

function close(fd: number): void {
  try {
    closeSync(fd);
    take(fd);
  } catch {
    // Nobody can be helped by knowing.
  }
}

/** Opens nothing under this number; the system gives the lowest that is free. */
function take(fd: number): void {
  const lower: number[] = [];
  let given = openSync('/dev/null', 'r+');
  for (; given < fd; given = openSync('/dev/null', 'r+')) lower.push(given);
  if (given > fd) lower.push(given);
  lower.forEach((other) => closeSync(other));
}
