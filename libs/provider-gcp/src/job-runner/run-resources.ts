import type { Millis } from '@runvoy/core';

/** A condition of a Job or an Execution. */
export interface RunCondition {
  /** `Completed`, `ResourcesAvailable`, `Started`, `ContainerReady`, `Retry`, `Ready`, ... */
  readonly type: string;
  readonly state: 'unspecified' | 'pending' | 'reconciling' | 'failed' | 'succeeded';
  /** Whichever of the three kinds of reason is set, as its name in the proto; empty for none. */
  readonly reason: string;
  readonly message: string;
}

/** What of a Job decides whether it can be run. */
export interface RunJob {
  readonly terminal: RunCondition | undefined;
  /** The platform is still at work on what it was last told. */
  readonly isSettling: boolean;
  /** See `partsOf`. */
  readonly parts: string;
}

/** A Job as the list shows it. */
export interface ListedJob extends RunJob {
  /** Short: `rv-<hash>`. */
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly etag: string;
  readonly createdMs: Millis;
  /** Of its newest execution. */
  readonly lastRun: { readonly createdMs: Millis; readonly isOver: boolean } | undefined;
}

/** An Execution, with every number, time and enum in one form. */
export interface RunExecution {
  /** Short: `rv-<hash>-<5 characters>`. */
  readonly name: string;
  readonly createdMs: Millis;
  readonly startedMs: Millis | undefined;
  readonly completedMs: Millis | undefined;
  readonly running: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
  readonly conditions: readonly RunCondition[];
  readonly labels: Readonly<Record<string, string>>;
  /** Of all containers together; undefined when a size is written in no form we know. */
  readonly vcpu: number | undefined;
  readonly memoryMib: number | undefined;
  /** Of the sidecar: the Job's own and what RunJob put over it. */
  readonly env: Readonly<Record<string, string>>;
}

/** How the last attempt of a task ended. */
export interface RunTask {
  readonly exitCode: number | undefined;
  readonly termSignal: number | undefined;
  readonly message: string;
  readonly hasStarted: boolean;
}
