/** One instance of a service: where it listens, and its process when it is to be throttled or killed. */
export interface ServiceInstance {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly pid?: number;
}

/**
 * Counts what an instance has to do. Between requests its process is stopped, as Cloud Run takes the CPU of an instance away that
 * answers nobody (request-based billing).
 */
export class RunningInstance {
  readonly host: string;
  readonly #pid: number | undefined;
  #isThrottled: boolean;
  #inFlight = 0;

  constructor({ host, pid }: ServiceInstance, isThrottled: boolean) {
    this.host = host;
    this.#pid = pid;
    this.#isThrottled = isThrottled && pid !== undefined;
    if (this.#isThrottled) this.#signal('SIGSTOP');
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  begin(): void {
    if (this.#inFlight++ === 0 && this.#isThrottled) this.#signal('SIGCONT');
  }

  end(): void {
    if (--this.#inFlight === 0 && this.#isThrottled) this.#signal('SIGSTOP');
  }

  /** Ends the process as Cloud Run may at any time; a stopped one hears only this signal. */
  kill(): void {
    this.#signal('SIGKILL');
  }

  /** Lets the process run on by itself. */
  release(): void {
    if (this.#isThrottled) this.#signal('SIGCONT');
    this.#isThrottled = false;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#pid === undefined) return;
    try {
      process.kill(this.#pid, signal);
    } catch {
      // It has ended by itself.
    }
  }
}
