import type { EndCause, StopProgress } from '@runvoy/protocol';
import type { RunProcesses } from './run-processes.ts';

/** Why a runner ends a command itself. */
export type StopCause = Exclude<EndCause, 'exited'>;

/** Ends the processes of a run: SIGTERM now, SIGKILL after the grace. */
export interface Stop {
  /** The first request fixes the cause; a later one can only shorten the grace. */
  request(cause: StopCause, graceMs: number): void;
  /** The command has ended by itself: from now on a request comes too late. */
  tooLate(): void;
  readonly cause: StopCause | undefined;
  readonly progress: StopProgress | undefined;
}

export function openStop(args: {
  readonly processes: RunProcesses;
  readonly now: () => number;
  readonly onSignalled: (cause: StopCause, graceMs: number) => void;
  /** A later request has shortened the grace. */
  readonly onHastened: (graceMs: number) => void;
  readonly onKilled: () => void;
}): Stop {
  let cause: StopCause | undefined;
  let killAt = Infinity;
  let timer: NodeJS.Timeout | undefined;
  let isTooLate = false;
  let progress: StopProgress | undefined;

  function kill(): void {
    if (progress?.killed_ms !== undefined) return;
    args.processes.signal('SIGKILL');
    progress = { ...progress, killed_ms: args.now() };
    args.onKilled();
    // A process forked while the signals went out is caught by the rounds.
    void args.processes.killAll();
  }

  return {
    request(why, graceMs) {
      if (isTooLate) return;
      const at = args.now() + graceMs;
      const isHaste = cause !== undefined && at < killAt && progress?.killed_ms === undefined;
      if (!cause) {
        cause = why;
        args.processes.signal('SIGTERM');
        progress = { signalled_ms: args.now() };
        args.onSignalled(why, graceMs);
      }
      if (at >= killAt) return;
      if (isHaste) args.onHastened(graceMs);
      killAt = at;
      clearTimeout(timer);
      timer = setTimeout(kill, graceMs);
    },
    tooLate() {
      isTooLate = true;
      clearTimeout(timer);
    },
    get cause() {
      return cause;
    },
    get progress() {
      return progress;
    },
  };
}
