import type { OutputWait } from '@runvoy/protocol';
import type { RunningCommand } from './command.ts';
import type { Delivery } from './delivery.ts';
import { openOutputHold } from './output-hold.ts';

/** Between the pipes of a command and the delivery of its lines: has the command wait while more waits than may. */
export interface OutputGate {
  /** From now on this is the command. */
  attach(command: Pick<RunningCommand, 'pause' | 'resume'>): void;
  /** To be called after each batch, and whenever there may be room again. */
  look(): void;
  /** The command is told to end, or has ended: so that it is not held up, there is room for `LAST_WORDS_BYTES` more from here on. */
  letEnd(): void;
  /** Nothing of the command lives: what is left in its pipes is read, whatever waits. */
  clear(): void;
  /** What the output waits for, once it has for some time; also what an end waits for. */
  readonly wait: OutputWait | undefined;
}

/** The last words of a command, and what it leaves behind, are not worth more memory than this. */
const LAST_WORDS_BYTES = 4 * 1024 * 1024;
/** An end that waits for less is not worth telling. */
const END_BYTES = 1024 * 1024;

/** How long a command is slowed before that is told, and how long it is not before it is over; as `OutputHold` has it unless given. */
export interface HoldTimes {
  readonly tellMs?: number;
  readonly calmMs?: number;
}

export function openOutputGate(args: {
  readonly delivery: Pick<Delivery, 'fullBy' | 'waitingBytes' | 'sentBytes' | 'isAway'>;
  readonly now: () => number;
  /** For the log of the run. */
  readonly say: (text: string) => void;
  /** `wait` has changed. */
  readonly onTold: () => void;
  readonly times?: HoldTimes | undefined;
}): OutputGate {
  const { delivery } = args;
  let command: Pick<RunningCommand, 'pause' | 'resume'> | undefined;
  let isHeld = false;
  /** Up to here nothing holds up a command that is to end. */
  let roomThrough: number | undefined;
  let isCleared = false;

  const hold = openOutputHold({
    now: args.now,
    ...args.times,
    onSlowed(wait) {
      args.say(`the command is slowed: ${slowedText(wait, delivery)}`);
      args.onTold();
    },
    onOver(heldMs) {
      args.say(`the command was slowed for ${(heldMs / 1_000).toFixed(1)} s, as its output had to wait`);
      args.onTold();
    },
  });

  function look(): void {
    if (!command) return;
    const isFree = isCleared || (roomThrough !== undefined && delivery.sentBytes <= roomThrough);
    const wait = isFree ? undefined : delivery.fullBy;
    if (isHeld !== (wait !== undefined)) {
      isHeld = !isHeld;
      if (isHeld) command.pause();
      else command.resume();
    }
    hold.set(wait);
  }

  return {
    attach(running) {
      command = running;
      look();
    },
    look,
    letEnd() {
      roomThrough ??= delivery.sentBytes + LAST_WORDS_BYTES;
      look();
    },
    clear() {
      isCleared = true;
      look();
      hold.close();
    },
    get wait() {
      return hold.told ?? (isCleared && delivery.waitingBytes > END_BYTES ? 'log_delivery' : undefined);
    },
  };
}

function slowedText(wait: OutputWait, { waitingBytes, isAway }: Pick<Delivery, 'waitingBytes' | 'isAway'>): string {
  const what = `${(waitingBytes / 2 ** 20).toFixed(1)} MiB of its output wait`;
  if (wait === 'log_disk') return `${what}, and the disk of its runner takes no more`;
  return isAway
    ? `${what}, and the server takes none at the moment`
    : `${what}, as they are taken more slowly than it writes`;
}
