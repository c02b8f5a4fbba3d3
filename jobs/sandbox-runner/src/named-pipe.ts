import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';

/** Told of each read; the next one overwrites `bytes`. */
export type OnBytes = (bytes: Buffer) => void;

/** One end to read and one to give away. */
export interface NamedPipe {
  readonly writeFd: number;
  /** Starts reading. The writing end must be with somebody else by then, or closing ours ends the stream. */
  read(onBytes: OnBytes): Socket;
}

/** As much as a pipe holds unless it was told otherwise (man 7 pipe). */
const READ_BYTES = 64 * 1024;

/** Opens both ends of the named pipe at `path`, which somebody has made. */
export function openNamedPipe(path: string): NamedPipe {
  // The reader first and without blocking: each end of a named pipe otherwise waits for the other.
  const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const writeFd = openSync(path, constants.O_WRONLY);
  return { writeFd, read: (onBytes) => readPipe(readFd, onBytes) };
}

/** Reads a pipe to its end, always into the same buffer. The socket is for pausing, and tells of the end; no data flows through it. */
export function readPipe(fd: number, onBytes: OnBytes): Socket {
  const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  const callback = (length: number) => {
    onBytes(buffer.subarray(0, length));
    return true;
  };
  // A stream that does not flow never comes to its end.
  return new Socket({ fd, readable: true, writable: false, onread: { buffer, callback } }).resume();
}
