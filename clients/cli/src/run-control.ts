import { type RunvoyClient, RunvoyError, pause, retryDelayMs } from '@runvoy/sdk/client';
import { errorText } from './error-text.ts';
import type { Leave, StopRequest } from './leave.ts';
import type { Screen } from './screen.ts';
import { SIGNAL_POLICY, type RunStage, type SignalMode, type StopSignal } from './signal-policy.ts';

const DETACH_MS = 2_000;
/** How long a signal waits for the server's answer to the run that was just handed in. */
const ANSWER_MS = 10_000;
/** A group that gets a signal and a parent that hands it on make two of one. On a terminal two are two. */
const ONE_SIGNAL_MS = 500;
const STOP_TRIES = 8;

interface ControlDeps {
  readonly api: Pick<RunvoyClient, 'stop'>;
  readonly screen: Pick<Screen, 'say'>;
  readonly mode: SignalMode;
  /** How long a stop that nobody watches may take until its end is no longer waited for. */
  readonly patienceMs: number;
  /** Where signals come from: the process. */
  readonly signals: Pick<NodeJS.Process, 'on' | 'off'>;
}

/** Turns signals into what happens to the run: nothing, leaving it alone, or stopping it. */
export class RunControl {
  readonly #deps: ControlDeps;
  readonly #left = new AbortController();
  readonly #onSignal = (signal: StopSignal): void => this.#signalled(signal);
  #stage: RunStage = 'following';
  #runId: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastSignalMs = -Infinity;
  #stopRequest: StopRequest = 'none';
  #leaving: { readonly signal?: StopSignal; readonly waitedMs?: number } = {};

  constructor(deps: ControlDeps) {
    this.#deps = deps;
    deps.signals.on('SIGINT', this.#onSignal);
    deps.signals.on('SIGTERM', this.#onSignal);
  }

  /** Aborts when the run is to be left alone. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  /** How far the request to stop the run has come, and what made this client leave. */
  get leave(): Leave {
    return { stop: this.#stopRequest, ...this.#leaving };
  }

  /** The server has answered: signals that came before now take effect. */
  accepted(runId: string): void {
    this.#runId = runId;
    clearTimeout(this.#timer);
    if (this.#stage !== 'following') this.#enter(this.#stage);
  }

  /** Signals mean again what they mean to any process. */
  close(): void {
    clearTimeout(this.#timer);
    this.#deps.signals.off('SIGINT', this.#onSignal);
    this.#deps.signals.off('SIGTERM', this.#onSignal);
  }

  #signalled(signal: StopSignal): void {
    const { mode, screen } = this.#deps;
    const now = performance.now();
    const isSame = mode !== 'terminal' && now - this.#lastSignalMs < ONE_SIGNAL_MS;
    this.#lastSignalMs = now;
    if (isSame) return;
    const before = this.#stage;
    this.#stage = SIGNAL_POLICY[mode][before][signal];
    if (this.#stage === 'leaving') this.#leaving = { signal };
    if (this.#runId !== undefined) return this.#enter(this.#stage);
    // Whether there is a run is not known yet: leaving now would leave one behind that nobody has heard of.
    if (before === 'stopping' || before === 'leaving') return this.#left.abort();
    if (before !== 'following') return;
    screen.say('the server has not answered yet; waiting for it, 10 s at most');
    this.#timer = setTimeout(() => this.#left.abort(), ANSWER_MS);
  }

  #enter(stage: RunStage): void {
    const { screen } = this.#deps;
    clearTimeout(this.#timer);
    if (stage === 'detaching') {
      screen.say(`detaching in 2 s as ${this.#runId}; Ctrl-C again stops it`, 'yellow');
      this.#timer = setTimeout(() => {
        this.#stage = 'leaving';
        this.#enter('leaving');
      }, DETACH_MS);
    } else if (stage === 'stopping') {
      screen.say(`stopping ${this.#runId}`, 'yellow');
      this.#beImpatient();
      void this.#stop(this.#runId ?? '');
    } else if (stage === 'leaving') {
      this.#left.abort();
    }
  }

  /** A person decides when to leave; a script that was told to end must end, whatever the server does. */
  #beImpatient(): void {
    const { mode, patienceMs } = this.#deps;
    if (mode === 'terminal') return;
    this.#timer = setTimeout(() => {
      this.#leaving = { waitedMs: patienceMs };
      this.#left.abort();
    }, patienceMs);
  }

  async #stop(runId: string): Promise<void> {
    this.#stopRequest = 'sent';
    for (let attempt = 0; !this.left.aborted; attempt++) {
      try {
        await this.#deps.api.stop(runId);
        this.#stopRequest = 'accepted';
        return;
      } catch (error) {
        const mayPass = error instanceof RunvoyError && (error.mayPass || error.status >= 500);
        if (mayPass && attempt + 1 < STOP_TRIES) {
          await pause(retryDelayMs(attempt + 2, Math.random()), this.left);
          continue;
        }
        this.#couldNotStop(error);
        return;
      }
    }
  }

  /** A person may decide anew; a script that was told to end must not wait for a run it cannot stop. */
  #couldNotStop(error: unknown): void {
    this.#deps.screen.say(`could not stop it: ${errorText(error)}`, 'red');
    this.#stage = 'following';
    this.#stopRequest = 'refused';
    if (this.#deps.mode !== 'terminal') this.#left.abort();
  }
}
