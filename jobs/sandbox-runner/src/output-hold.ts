import type { OutputWait } from '@runvoy/protocol';

/** Notices when a command has been slowed for some time because its output has to wait. What is over within seconds it does not tell. */
export interface OutputHold {
  /** What the output waits for from now on; undefined: for nothing. Meant to be called as often as one likes. */
  set(wait: OutputWait | undefined): void;
  /** What it waits for, as was told; undefined when nothing is told. */
  readonly told: OutputWait | undefined;
  /** The command has ended. */
  close(): void;
}

/** Waits of this many ms together, none of them `CALM_MS` apart, are worth a line and a heartbeat. */
const TELL_MS = 5_000;
const CALM_MS = 5_000;
const LOOK_EVERY_MS = 500;

export function openOutputHold(args: {
  readonly now: () => number;
  /** Called again when the disk turns out to be full as well. */
  readonly onSlowed: (wait: OutputWait) => void;
  /** Only after `onSlowed`. `heldMs`: how long it had to wait, all in all. */
  readonly onOver: (heldMs: number) => void;
  readonly tellMs?: number | undefined;
  readonly calmMs?: number | undefined;
}): OutputHold {
  const tellMs = args.tellMs ?? TELL_MS;
  const calmMs = args.calmMs ?? CALM_MS;
  let current: OutputWait | undefined;
  /** Since when `current` is what it is. */
  let since = 0;
  let heldMs = 0;
  let worst: OutputWait | undefined;
  let told: OutputWait | undefined;
  let timer: NodeJS.Timeout | undefined;

  /** A clock that was set back costs the time, and makes none. */
  const sinceMs = () => Math.max(0, args.now() - since);

  function look(): void {
    if (current === undefined && sinceMs() >= calmMs) return end();
    const held = heldMs + (current === undefined ? 0 : sinceMs());
    if (held < tellMs || told === worst || worst === undefined) return;
    told = worst;
    args.onSlowed(worst);
  }

  function end(): void {
    clearInterval(timer);
    timer = undefined;
    const wasTold = told !== undefined;
    const total = heldMs;
    heldMs = 0;
    worst = undefined;
    told = undefined;
    if (wasTold) args.onOver(total);
  }

  return {
    set(wait) {
      if (wait === current) return;
      if (current !== undefined) heldMs += sinceMs();
      since = args.now();
      current = wait;
      if (wait === undefined) return;
      if (worst !== 'log_disk') worst = wait;
      timer ??= setInterval(look, Math.min(LOOK_EVERY_MS, tellMs));
    },
    get told() {
      return told;
    },
    close() {
      this.set(undefined);
      end();
    },
  };
}
