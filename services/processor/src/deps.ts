import type {
  Archive,
  ArchiveDeps,
  Archiver,
  BootstrapDeps,
  EventBus,
  Execution,
  GrowsDigests,
  HealthDeps,
  ReadDeadLetterMark,
  ReadPlatformEntry,
  SecretVault,
  SlotLimits,
  TickDeps,
  TickMarks,
  TickReport,
} from '@runvoy/core';
import type { HttpAppOptions } from '@runvoy/runtime';
import type { Callers } from './callers.ts';

interface Common extends HttpAppOptions {
  /** Absent where only who may call can reach the routes: a Unix socket in a private directory. */
  readonly callers?: Callers;
}

/** What the routes for runners need. */
export interface RunnerDeps extends BootstrapDeps, GrowsDigests, Common {
  /** Where sealed parts of logs lie: a report is held against the whole log. */
  readonly archive: Archive;
  /**
   * Starts who waited for the slot of a run that its runner's report has ended. Absent where nobody may start anything: the same report
   * comes by the safety lane to where somebody may.
   */
  readonly admitAfter?: (ended: Execution) => Promise<unknown>;
  /** Told of each batch that a runner sent: how long after its last line it was stored. */
  readonly batchStored?: (lagMs: number) => void;
}

/** What the routes for events need. */
export interface EventDeps extends TickDeps, HealthDeps, ArchiveDeps, Common {
  readonly bus: EventBus;
  /** Not optional as in core: where it were forgotten, everybody who waits would be let in. */
  readonly limits: SlotLimits;
  /** Not optional as in core: where it were forgotten, a replaced key would seal for ever. */
  readonly vault: SecretVault;
  /** Absent where the platform has no log of its own: then its entries are nobody's. */
  readonly readPlatformEntry?: ReadPlatformEntry;
  /** Absent where the bus brings its dead letters to the records itself. */
  readonly readDeadLetterMark?: ReadDeadLetterMark;
  /** Carries sealed logs to the archive; made by the routes unless given. */
  readonly archiver?: Archiver;
  /** Told of each tick, once it is over. */
  readonly ticked?: (report: TickReport) => void;
  /** What this process remembers between ticks; made by the routes unless given. */
  readonly marks?: TickMarks;
}

/** Everything the event intake needs. */
export type ProcessorDeps = RunnerDeps & EventDeps;
