import type { RunLimits } from '@runvoy/protocol';

/** Ten full batches: eight are on their way at once, and two more are ready when one of these has come. */
const SLOW_BYTES = 1024 * 1024;
/** An end waits for what waits: a quarter of what a run may write is sent within a minute or so. */
const SPOOL_SHARE = 0.25;
const SPOOL_BYTES_LEAST = 64 * 1024 * 1024;

/**
 * How many bytes of messages may wait for the server before the command is slowed. Where they cannot wait on disk, what delivery may keep
 * in memory is another bound, and the lower one counts.
 */
export function backlogBytes({ log_backpressure, max_log_bytes }: RunLimits): number {
  return log_backpressure === 'slow'
    ? SLOW_BYTES
    : Math.max(SPOOL_BYTES_LEAST, Math.floor(max_log_bytes * SPOOL_SHARE));
}
