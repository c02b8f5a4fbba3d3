import { closeSync, constants, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { CommandEnd } from '../../command.ts';
import { openNamedPipe } from '../../named-pipe.ts';
import type { OutputPipes } from '../../output-pipes.ts';

/** Names of the pipes below the directory that both containers see. */
export const PIPES = ['control', 'status', 'stdout', 'stderr'] as const;

/** Without a word: `go` starts the command, `term` and `kill` end what lives of it, `drained` lets the container end. */
export type Order = 'go' | 'term' | 'drained';

/**
 * The sidecar's end of the pipes to `entry.sh`. Either side sees the other one die: the kernel closes its end.
 */
export interface EntryLink {
  /** The entry script has opened its ends. */
  readonly begun: Promise<void>;
  /** How the command ended. An entry script that goes without a word was killed. */
  readonly ended: Promise<CommandEnd>;
  /** Nobody over there has the pipes any more. */
  readonly closed: Promise<void>;
  readonly output: OutputPipes;
  order(order: Order): void;
  /** `look`: how many processes of the run live. `kill`: how many had to be killed; none of them lives. 0 when the container is gone. */
  count(order: 'look' | 'kill'): Promise<number>;
  /** Gives our writing ends up, once the entry script has its own. */
  release(): void;
}

/** A container that does not answer by then is stopped, or gone with its end in somebody's hands. */
const ANSWER_MS = 5_000;

/** Opens the pipes that stand in `directory`. `onSignalled`: the platform has sent the runner container a signal. */
export function openEntryLink(directory: string, onSignalled: () => void): EntryLink {
  const path = (name: (typeof PIPES)[number]) => join(directory, name);
  // For both ways: with no reader yet, opening to write alone would wait or fail.
  const control = openSync(path('control'), constants.O_RDWR | constants.O_NONBLOCK);
  const status = openNamedPipe(path('status'));
  const stdout = openNamedPipe(path('stdout'));
  const stderr = openNamedPipe(path('stderr'));
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<CommandEnd>();
  const closed = Promise.withResolvers<void>();
  /** Before it is known which process leads the command, nobody there could be told from the entry script's own. */
  const led = Promise.withResolvers<void>();
  const waiting: ((count: number) => void)[] = [];
  let isClosed = false;
  let text = '';

  const reader = status.read((bytes) => {
    // Words and numbers.
    const lines = (text + bytes.toString('latin1')).split('\n');
    text = lines.pop()!;
    for (const line of lines) hear(line);
  });
  reader.on('error', () => undefined);
  reader.on('close', () => {
    isClosed = true;
    for (const resolve of waiting.splice(0)) resolve(0);
    ended.resolve({ code: null, signal: 'SIGKILL' });
    led.resolve();
    closed.resolve();
  });

  function hear(line: string): void {
    const [word, ...values] = line.split(' ');
    const value = values.join(' ');
    switch (word) {
      case 'begun':
        return begun.resolve();
      case 'signalled':
        return onSignalled();
      case 'leader':
        write(`leader ${value}`);
        return led.resolve();
      case 'exit':
        write(`ended ${value}`);
        return ended.resolve({ code: Number(value), signal: null });
      case 'count':
        return waiting.shift()?.(Number(value));
      default:
    }
  }

  function write(line: string): void {
    try {
      if (!isClosed) writeSync(control, `${line}\n`);
    } catch {
      // Full only when nobody has read for thousands of orders: then nobody will.
    }
  }

  return {
    begun: begun.promise,
    ended: ended.promise,
    closed: closed.promise,
    output: {
      stdout,
      stderr,
      closeWriters() {
        closeSync(stdout.writeFd);
        closeSync(stderr.writeFd);
      },
    },
    order(order) {
      if (order === 'term') void led.promise.then(() => write(order));
      else write(order);
    },
    count(order) {
      if (isClosed) return Promise.resolve(0);
      const answer = new Promise<number>((resolve) => waiting.push(resolve));
      void led.promise.then(() => write(order));
      return Promise.race([answer, pause(ANSWER_MS, 0, { ref: false })]);
    },
    release() {
      closeSync(status.writeFd);
      // A command must not find them by accident.
      for (const name of PIPES) rmSync(path(name), { force: true });
    },
  };
}
