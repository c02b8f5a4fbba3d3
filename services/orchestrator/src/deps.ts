import type {
  Archive,
  Clock,
  EventBus,
  HealthDeps,
  JobRunner,
  LoggedOf,
  Millis,
  Prices,
  RandomBytes,
  Records,
  RunPolicy,
  SecretVault,
  SigningKeys,
  TellsEnds,
} from '@runvoy/core';
import type { HttpAppOptions, Metrics } from '@runvoy/runtime';
import type { RateLimited, RatePolicy } from './rate-limits.ts';
import type { SentAnswer } from './report-answers.ts';

/** The numbers of a process and who may read them. */
export interface MetricsDoor {
  readonly metrics: Metrics;
  /** `key`: who has `metrics.read`. `loopback`: whoever asks from this machine, without a proxy between. `off`: nobody. */
  readonly readers: 'key' | 'loopback' | 'off';
}

/** Everything the public API needs; `main.ts` of whoever hosts it decides what stands behind. */
export interface OrchestratorDeps
  extends HttpAppOptions, TellsEnds, Pick<HealthDeps, 'probe' | 'reconcileEveryMs' | 'startTimeoutMs'> {
  readonly records: Records;
  readonly archive: Archive;
  readonly vault: SecretVault;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  /** Sends a dead letter again at once; without one the next tick does. */
  readonly bus?: Pick<EventBus, 'publish'>;
  readonly random: RandomBytes;
  readonly signingKeys: SigningKeys;
  readonly policy: RunPolicy;
  /** What the usage of a run costs; none configured: no cost is told. */
  readonly prices?: Prices | undefined;
  /** Absent: everybody may ask as often as they like. */
  readonly rates?: RatePolicy;
  /** Told of each request that a rate limit turned away. */
  readonly rateLimited?: (what: RateLimited) => void;
  /** The numbers of this process, served at `/metrics`; absent where others count. */
  readonly metrics?: MetricsDoor;
  /** What this deployment's services have logged of a request; absent where whoever may read logs reads them elsewhere. */
  readonly loggedOf?: LoggedOf;
  readonly version: string;
  readonly region?: string;
  /** Where live views are, without query: `ws://127.0.0.1:56212/stream`. Asked per answer: a port may be chosen late. */
  readonly streamUrl: () => string;
  /** Whether pages of this origin may read our answers; none unless told. */
  readonly allowedOrigins?: (origin: string) => boolean;
  /** When unfinished runs are looked at next; at the next full minute unless told. */
  readonly nextLookMs?: (nowMs: Millis) => Millis;
  /** Is told every answer as it leaves. For tests alone: bodies hold keys. */
  readonly onAnswer?: (answer: SentAnswer) => void;
  /** Where the console is, without path: `http://127.0.0.1:56212`. */
  readonly consoleUrl: () => string;
}
