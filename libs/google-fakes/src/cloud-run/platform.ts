import type { ImageTable } from '../containers/image.ts';
import type { CloudRunFaults } from './faults.ts';

/** When a task of several containers has ended. The real rule is not known (gcp.md 14.1), so each can be chosen. */
export type TaskEndRule = 'any-exit' | 'all-exit' | 'main-exit';

/** What is true of this Cloud Run for all of its life: what is unknown about the real one is chosen here. */
export type Platform = {
  project: string;
  projectNumber: string;
  images: ImageTable;
  /**
   * `any-exit`: the first container that exits ends the task, with its code. `all-exit`: when all have exited, with the first
   * code that is not 0. `main-exit`: when the main container exits, with its code; the main one is the one with ports,
   * otherwise the first of the template.
   */
  ends: TaskEndRule;
  /** Name of the main container instead. */
  mainContainer: string | undefined;
  /** Whether the containers of a task see each other's processes. `shared` needs root. */
  pids: 'separate' | 'shared';
  /** Whether a cancelled execution emits a completion event. */
  cancelEmitsEvent: boolean;
  /** From SIGTERM to SIGKILL. */
  killGraceMs: number;
  /** Acceptance to the start of the containers; 3 to 5 s on the real one. */
  startMs: number;
  /** `runningCount` is 0 so long before `completionTime` is written. */
  completionLagMs: number;
  /** From the completion time to the completion event. */
  eventLagMs: number;
  /** Instead of the period of every startup probe; the time until it fails stays the probe's. */
  probePeriodMs: number | undefined;
  /** Mode of the shared in-memory volume. */
  volumeMode: number;
  /** What a volume is: a directory that takes all there is, or a file system in memory of the size it was given, for which it needs root. */
  volumes: 'directory' | 'tmpfs';
  /** Name of the variable that tells a container the loopback address of its task, which is instead of a network of its own. */
  loopbackVariable: string;
  /** Running executions and jobs per region; beyond is RESOURCE_EXHAUSTED. */
  quota: { runningExecutions: number; jobs: number };
  /** Whether `logging.googleapis.com/labels` in a container's output replaces the platform's own labels. */
  outputLabelsWin: boolean;
  /** So long a new or changed job is not ready: its operation goes on, its condition is pending. */
  jobReadyMs: number;
  /** What RunJob does with a job that is not ready: start it all the same, or refuse it with FAILED_PRECONDITION. */
  runBeforeReady: 'accept' | 'refuse';
  /** Completed executions kept per job. */
  keptExecutions: number;
  now: () => number;
  random: () => number;
  faults: CloudRunFaults;
  /** `host:port` of the metadata server of a service account. */
  metadataHost(serviceAccount: string): Promise<string>;
};
