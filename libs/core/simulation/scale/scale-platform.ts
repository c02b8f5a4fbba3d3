import type { AttemptRef, PlatformView } from '../../src/jobs/job-runner.ts';
import { FakeJobRunner } from '../../test/fake-job-runner.ts';

/** What a platform was asked, by the kind of call. */
export interface PlatformCalls {
  readonly looks: number;
  readonly starts: number;
  readonly cancels: number;
  readonly lanes_read: number;
  readonly lists: number;
  readonly forgets: number;
}

/** A platform that shows every execution as the test has said, and counts what it is asked. */
export class ScalePlatform extends FakeJobRunner {
  readonly #views = new Map<string, PlatformView>();
  #lists = 0;

  constructor() {
    super();
    this.list = async () => {
      this.#lists += 1;
      return { executions: [] };
    };
  }

  /** From now on a look at this execution answers so. */
  showsExecution(executionId: string, view: PlatformView): void {
    this.#views.set(executionId, view);
  }

  override async look(attempt: AttemptRef): Promise<PlatformView> {
    this.looked.push(attempt);
    return this.#views.get(attempt.execution_id) ?? { state: 'absent', never: false };
  }

  /** What was asked since this was last called. */
  take(): PlatformCalls {
    const taken = {
      looks: this.looked.length,
      starts: this.started.length,
      cancels: this.cancelled.length,
      lanes_read: this.lanesRead.length,
      lists: this.#lists,
      forgets: this.forgotten.length,
    };
    for (const calls of [this.looked, this.started, this.cancelled, this.lanesRead, this.forgotten]) calls.length = 0;
    this.#lists = 0;
    return taken;
  }
}
