import type { OutputPipes } from './output-pipes.ts';
import type { ProcessRow } from './process-table.ts';

/** How a command ended. */
export interface CommandEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A command that was started. */
export interface RunningCommand {
  /** The leader of the session by which a later server finds it; undefined when it is gone already. */
  readonly leader: ProcessRow | undefined;
  readonly exited: Promise<CommandEnd>;
  /** Both pipes have ended: nobody holds them any more. */
  readonly drained: Promise<void>;
  pause(): void;
  resume(): void;
  /** Stops listening to whoever still holds the pipes. */
  abandonOutput(): void;
}

/** Starts reading what a command prints. Our own writing ends must be closed by then. */
export function readCommandOutput(
  pipes: OutputPipes,
  on: {
    /** The next read overwrites `bytes`. */
    readonly onOutput: (stream: 'stdout' | 'stderr', bytes: Buffer) => void;
    readonly onOutputEnded: (stream: 'stdout' | 'stderr') => void;
  },
): Pick<RunningCommand, 'drained' | 'pause' | 'resume' | 'abandonOutput'> {
  const readers = (['stdout', 'stderr'] as const).map((stream) => {
    const reader = pipes[stream].read((bytes) => on.onOutput(stream, bytes));
    const closed = new Promise<void>((resolve) => {
      reader.on('error', () => resolve());
      reader.on('close', () => resolve());
    });
    return { reader, ended: closed.then(() => on.onOutputEnded(stream)) };
  });
  return {
    drained: Promise.all(readers.map(({ ended }) => ended)).then(() => undefined),
    pause: () => readers.forEach(({ reader }) => reader.pause()),
    resume: () => readers.forEach(({ reader }) => reader.resume()),
    abandonOutput: () => readers.forEach(({ reader }) => reader.destroy()),
  };
}
