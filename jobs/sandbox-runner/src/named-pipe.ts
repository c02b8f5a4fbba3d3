import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

/** One end to read and one to give away. */
export interface NamedPipe {
  readonly writeFd: number;
  /** Starts reading. The writing end must be with somebody else by then, or closing ours ends the stream. */
  open(): Socket;
}

/** Opens both ends of the named pipe at `path`, which somebody has made. */
export function openNamedPipe(path: string): NamedPipe {
  // The reader first and without blocking: each end of a named pipe otherwise waits for the other.
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY);
  return { writeFd, open: () => new Socket({ fd: readFd, readable: true, writable: false }) };
}
