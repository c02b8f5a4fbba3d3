import type { Isolation, LogGap, Reason, SafetyLaneEntry, WaitingFor } from '@runvoy/protocol';
import type { Millis } from '../time/clock.ts';

/** One try at starting an execution's runner. Stored, with its own number and token, before it is made. */
export interface StartOrder {
  readonly execution_id: string;
  /** From 1. */
  readonly attempt: number;
  /** The one-time bootstrap token of this attempt, in clear; never stored. */
  readonly token: string;
  readonly isolation: Isolation;
  /** The image's platform reference; `host` where the isolation has none. */
  readonly image: string;
  readonly cpu: number;
  readonly memory_mib: number;
  /** `none`: the command reaches nothing. */
  readonly network?: 'none';
  readonly timeout_s: number;
  readonly grace_ms: number;
  /** The platform account the image names; absent: the deployment's. */
  readonly service_account?: string;
  /** The recorded span that the start belongs below. For whoever traces starts; no platform is told. */
  readonly traceparent?: string;
}

/**
 * What the platform answered to a start. `started` names the platform execution when it is known already (a queueing platform
 * may not know it yet); it is not stored for that. `rejected` is proof that nothing was or will be started. Anything else throws: the
 * outcome is unknown, and only a bootstrap or a look can tell.
 */
export type StartAnswer =
  | { readonly outcome: 'started'; readonly platform_execution?: string }
  | { readonly outcome: 'rejected'; readonly reason: Reason; readonly details: string };

/** What the platform knows of one attempt. */
export type PlatformView =
  /**
   * Not known. `never` is proof that this attempt was not and will not be started (locally: the order was lost with the process
   * that held it, 15 s ago or more); without it a start may still be on its way.
   */
  | { readonly state: 'absent'; readonly never: boolean }
  | { readonly state: 'starting'; readonly platform_execution: string; readonly waiting_for?: WaitingFor }
  /** Something of the run lives. `unwatched`: the runner is dead but the command is not. */
  | { readonly state: 'alive'; readonly platform_execution: string; readonly unwatched: boolean }
  | { readonly state: 'ended'; readonly end: PlatformEnd };

/** The platform's word that nothing of an attempt lives any more. */
export interface PlatformEnd {
  readonly platform_execution: string;
  /** The platform's own completion time. */
  readonly at_ms: Millis;
  /** When the platform says that it began, and the size of all its containers: what it charges for. Absent where nobody says. */
  readonly started_at_ms?: Millis;
  readonly vcpu?: number;
  readonly memory_mib?: number;
  /** `cancelled`: a cancel ended it. `never_started`: the runner's process could not begin (image pull, quota). */
  readonly kind: 'exited' | 'cancelled' | 'never_started';
  /** A stable word for a platform failure: `image_pull`, `out_of_memory`, `quota`, ...; absent when there is none to tell. */
  readonly reason?: Reason;
  /** One line for a person. */
  readonly details?: string;
}

/** What the safety lane holds of one execution. */
export interface SafetyLane {
  readonly entries: AsyncIterable<SafetyLaneEntry>;
  /** Nothing can be added any more (locally: the writer is dead); otherwise later reads may find more. */
  readonly final: boolean;
  /**
   * The platform's own time when the reading began, where it tells: all that could be read by then has been. A window after the
   * platform's completion time is measured by the platform's clock, whatever ours says.
   */
  readonly as_of_ms?: Millis;
}

/** Which attempt a call is about. */
export interface AttemptRef {
  readonly execution_id: string;
  readonly attempt: number;
  readonly platform_execution?: string;
  /** When the attempt was stored: the platform knows nothing older of it. */
  readonly made_at_ms?: Millis;
}

/** One line of a sweep over the platform's own list. */
export interface PlatformListing {
  readonly execution_id: string;
  readonly attempt: number;
  readonly platform_execution: string;
  readonly ended: boolean;
}

/** What an image or a run may ask of an isolation. */
export type Demand = 'cpu' | 'memory' | 'no_network';

export type Shortcomings = Readonly<Partial<Record<Isolation, readonly Demand[]>>>;

/**
 * Starts, watches and ends the processes of executions: Cloud Run Jobs, or supervisors on this machine.
 * Every method rejects when the platform does not answer; a rejection is never read as "gone".
 */
export interface JobRunner {
  /** What runs are kept apart by here, found by a probe at start. */
  readonly isolations: readonly Isolation[];
  /** What an isolation cannot give here; an isolation that is not named gives everything. */
  readonly shortcomings?: Shortcomings;
  /** The longest grace that `cancel` honours: Cloud Run's is about 10 s whatever was asked; locally any. */
  readonly longestGraceMs: number;
  /**
   * What the platform calls an attempt, where that is known before the start: it is stored with the attempt. Absent where the
   * platform chooses the name; then there is `identify`.
   */
  readonly nameOf?: (attempt: Pick<AttemptRef, 'execution_id' | 'attempt'>) => string;
  /**
   * What the platform calls the execution that it made of an attempt; undefined while it shows none. `platform_execution` is what a
   * runner says of itself: where to look first, and never believed. Asks for nothing but names, so that the one who asks needs no
   * other right.
   */
  readonly identify?: (attempt: AttemptRef) => Promise<string | undefined>;
  /** Nothing has to be forgotten here: the platform drops what has ended, and `forget` does nothing. */
  readonly forgetsByItself?: true;
  /** See `StartAnswer`. Called once per attempt; may answer before anything was spawned. */
  start(order: StartOrder): Promise<StartAnswer>;
  look(attempt: AttemptRef): Promise<PlatformView>;
  /**
   * Asks for the end of an attempt: SIGTERM to the command, SIGKILL after the grace, then everything left of it.
   * Resolves when the request is made, not when it is obeyed. Idempotent; an ended or unknown attempt is no error.
   */
  cancel(attempt: AttemptRef, order: { readonly grace_ms: number }): Promise<void>;
  /**
   * Reads what the safety lane kept of the attempt, oldest first: its report, and its lines where they come by no other way. `missing`:
   * lines that are wanted from it in any case, as far as it can give them now.
   */
  readSafetyLane(attempt: AttemptRef, missing?: readonly LogGap[]): Promise<SafetyLane>;
  /** The platform's list of our executions, in pages, for the sweep. */
  list(page: { readonly after?: string; readonly limit: number }): Promise<{
    readonly executions: readonly PlatformListing[];
    readonly next?: string;
  }>;
  /** Forgets what the platform keeps of an execution that is terminal and whose log is settled. Idempotent. */
  forget(execution_id: string): Promise<void>;
}
