import type { FinishedMessage, LogLine, LogsMessage } from '@runvoy/protocol';
import type { Execution } from '../src/executions/execution.ts';
import type { PlatformView } from '../src/jobs/job-runner.ts';
import type { LogChunk } from '../src/logs/log-chunk.ts';
import type { LogSegment } from '../src/logs/log-segment.ts';

/** One reading of a safety lane that came to its end. */
export interface LaneRead {
  readonly attempt: number;
  readonly beganMs: number;
  readonly final: boolean;
  readonly sawReport: boolean;
}

/** What the platform answered to a look. */
export interface LookAnswer {
  readonly attempt: number;
  readonly atMs: number;
  readonly state: PlatformView['state'];
}

/** What is really true of one run, whatever the services believe, and what they have stored of it. */
export class RunTruth {
  readonly id: string;
  readonly label: string;
  /** When somebody first asked for a stop. */
  stopAskedMs: number | undefined;
  commandStarts = 0;
  /** Attempts that the platform was asked to start. */
  readonly startsAsked = new Set<number>();
  /** When each attempt was made, it joined the queue, its stop and the hastening were asked for, by the true time. */
  readonly madeMs = new Map<number, number>();
  queuedMs: number | undefined;
  stopStoredMs: number | undefined;
  hasteStoredMs: number | undefined;
  /** The texts of all bootstrap answers that held a command, by attempt and nonce. */
  readonly answers = new Map<string, string>();
  /** Batches as the runner cut them, by first line. */
  readonly cut = new Map<number, LogsMessage>();
  /** What the command wrote, in order, whoever read it. Nothing of ours has touched it. */
  readonly written: string[] = [];
  /** First lines of batches that a lane has dropped for good. */
  readonly droppedByFastLane = new Set<number>();
  readonly droppedBySafetyLane = new Set<number>();
  report: FinishedMessage | undefined;
  /** From when on the report can be read in the safety lane. */
  reportReadableMs = Infinity;
  readonly laneReads: LaneRead[] = [];
  readonly looks: LookAnswer[] = [];
  /** Starts that are being made, by attempt. */
  readonly startsUnderWay = new Set<number>();
  /** Batches and reports by the lane that brought them. */
  readonly byFastLane = new Set<number | 'report'>();
  readonly bySafetyLane = new Set<number | 'report'>();

  // As stored.
  execution: Execution | undefined;
  /** Every chunk that was ever stored, by first line. */
  readonly chunks = new Map<number, LogChunk>();
  /** Those that are no records any more. */
  readonly removed = new Set<number>();
  readonly segments = new Map<number, LogSegment>();
  /** When each chunk was stored, by the true time. */
  readonly chunkStoredMs = new Map<number, number>();
  /** The archive keeps something of its log that cannot be read, or broke off while it was. */
  hasDamagedBlobs = false;
  hasInput = false;
  /** The event of its end was stored with it. */
  isEndTold = false;
  endStoredMs: number | undefined;
  /** The longest that any reader was shown. */
  shownThrough = 0;

  constructor(id: string, label: string) {
    this.id = id;
    this.label = label;
  }

  /** All lines that the runner has cut, in order. */
  get lines(): readonly LogLine[] {
    return [...this.cut.values()].flatMap((batch) => batch.lines);
  }
}
