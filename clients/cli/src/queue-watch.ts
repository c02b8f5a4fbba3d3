import type { ExecutionStatusBody, QueueBody, StatusFrame } from '@runvoy/protocol';
import { pause, type CallOptions } from '@runvoy/sdk/client';
import type { StateNotes } from './state-notes.ts';

/** How often the place of a run that waits for a slot is asked for; elsewhere than on a terminal each new one is a line. */
export function placeEveryMs(isTerminal: boolean): number {
  return isTerminal ? 2_000 : 10_000;
}

interface QueueWatchDeps {
  readonly api: {
    status(id: string, call?: CallOptions): Promise<Pick<ExecutionStatusBody, 'waiting_for' | 'queue'>>;
  };
  readonly notes: Pick<StateNotes, 'status'>;
  readonly everyMs: number;
}

/**
 * Asks for a run's place while it waits for a slot: others move it, so that no news of its own tells. What cannot be asked is asked
 * again later; the run's own news decide when it is over.
 */
export class QueueWatch {
  readonly #deps: QueueWatchDeps;
  readonly #id: string;
  #asking: AbortController | undefined;

  constructor(deps: QueueWatchDeps, id: string) {
    this.#deps = deps;
    this.#id = id;
  }

  status(frame: StatusFrame): void {
    this.close();
    this.#deps.notes.status(frame);
    if (frame.waiting_for !== 'slot') return;
    this.#asking = new AbortController();
    void this.#ask(frame, this.#asking.signal);
  }

  close(): void {
    this.#asking?.abort();
    this.#asking = undefined;
  }

  async #ask(frame: StatusFrame, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const queue = await this.#place(signal);
      if (signal.aborted) return;
      if (queue) this.#deps.notes.status({ ...frame, queue });
      await pause(this.#deps.everyMs, signal);
    }
  }

  async #place(signal: AbortSignal): Promise<QueueBody | undefined> {
    try {
      return (await this.#deps.api.status(this.#id, { signal, tries: 1 })).queue;
    } catch {
      return undefined;
    }
  }
}
