import type { ExecutionStatusBody, LogGap, LogLine, QueueBody, StatusFrame } from '@runvoy/protocol';
import type { LogEnd } from '@runvoy/sdk/follow';
import type { ApiProblem } from './api-problem.ts';
import type { LogSeal } from './log-seal.ts';
import { RunLog } from './run-log.ts';

/** How this page is connected to the run it shows. */
export type Connection =
  | { readonly kind: 'loading' }
  | { readonly kind: 'live' }
  /** Ended, and everything there is has been read. */
  | { readonly kind: 'done' }
  | { readonly kind: 'waiting'; readonly untilMs: number; readonly problem: ApiProblem | undefined }
  | { readonly kind: 'refused'; readonly problem: ApiProblem };

// About one frame: a burst of batches then costs one drawing.
const NOTIFY_MS = 16;

/** Everything known about one run; changed by `followRun`, watched by the page. */
export class RunState {
  readonly executionId: string;
  readonly log = new RunLog();
  #run: ExecutionStatusBody | undefined;
  #connection: Connection = { kind: 'loading' };
  #end: LogEnd | undefined;
  #seal: LogSeal | undefined;
  #version = 0;
  #listeners = new Set<() => void>();
  #notifying = false;

  constructor(executionId: string) {
    this.executionId = executionId;
  }

  get run(): ExecutionStatusBody | undefined {
    return this.#run;
  }
  get connection(): Connection {
    return this.#connection;
  }
  get end(): LogEnd | undefined {
    return this.#end;
  }
  get seal(): LogSeal | undefined {
    return this.#seal;
  }

  /** For `useSyncExternalStore`. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly version = (): number => this.#version;

  described(run: ExecutionStatusBody): void {
    this.#run = run;
    this.#changed();
  }

  /** A status frame states everything it knows: an absent field is over, not unknown. */
  statusChanged({ status, reason, waiting_for, reason_text, exit_code, cancel }: StatusFrame): void {
    if (this.#run === undefined) return;
    const { reason: _, waiting_for: __, reason_text: ___, queue: place, cancel: before, ...rest } = this.#run;
    const stop = cancel ?? before;
    this.#run = {
      ...rest,
      status,
      exit_code: exit_code ?? rest.exit_code,
      ...(reason !== undefined && { reason }),
      ...(waiting_for !== undefined && { waiting_for }),
      ...(waiting_for === 'slot' && place !== undefined && { queue: place }),
      ...(reason_text !== undefined && { reason_text }),
      ...(stop !== undefined && { cancel: stop }),
    };
    this.#changed();
  }

  /** Its place while it waits for a slot; what is told of other states is too late. */
  placed(queue: QueueBody | undefined): void {
    if (this.#run?.waiting_for !== 'slot' || queue === undefined) return;
    this.#run = { ...this.#run, queue };
    this.#changed();
  }

  received(lines: readonly LogLine[]): void {
    this.log.add(lines);
    this.#changed();
  }

  missed(gap: LogGap): void {
    this.log.miss(gap);
    this.#changed();
  }

  connected(connection: Connection): void {
    this.#connection = connection;
    this.#changed();
  }

  ended(end: LogEnd): void {
    this.#end = end;
    this.#changed();
  }

  sealed(seal: LogSeal): void {
    this.#seal = seal;
    this.#changed();
  }

  #changed(): void {
    this.#version += 1;
    if (this.#notifying) return;
    this.#notifying = true;
    setTimeout(() => {
      this.#notifying = false;
      for (const listener of this.#listeners) listener();
    }, NOTIFY_MS);
  }
}
