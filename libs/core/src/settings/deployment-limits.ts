import { LIMITS, type LogBackpressure, type LogLimitPolicy } from '@runvoy/protocol';
import type { RunPolicy } from '../executions/run-policy.ts';
import { START_TIMEOUT_S } from '../executions/start-timeout.ts';
import { STOP_TIMEOUT_S } from '../executions/stop-in-force.ts';

/** How many runs may be under way at once; 0 = as many as come. */
const SLOTS = { fallback: 0, min: 0, max: LIMITS.runningMax };
const TIMEOUT_S = { min: 1, max: LIMITS.timeoutMaxS };

/**
 * Limits, timeouts and rates of a deployment: the variable of each, what may be set, and what holds where nothing is. Every process that
 * reads them takes them from here. On Google Cloud four of them differ, each with its reason beside it.
 */
export const DEPLOYMENT_LIMITS = {
  timeoutDefaultS: { variable: 'RUNVOY_TIMEOUT_DEFAULT_SECONDS', ...TIMEOUT_S, fallback: LIMITS.timeoutDefaultS },
  timeoutMaxS: { variable: 'RUNVOY_TIMEOUT_MAX_SECONDS', ...TIMEOUT_S, fallback: LIMITS.timeoutMaxS },
  startTimeoutS: { variable: 'RUNVOY_START_TIMEOUT', ...START_TIMEOUT_S, fallback: 120 },
  stopTimeoutS: { variable: 'RUNVOY_STOP_TIMEOUT', ...STOP_TIMEOUT_S },
  maxRunning: { variable: 'RUNVOY_MAX_RUNNING', ...SLOTS },
  maxRunningPerUser: { variable: 'RUNVOY_MAX_RUNNING_PER_USER', ...SLOTS },
  maxRunningPerImage: { variable: 'RUNVOY_MAX_RUNNING_PER_IMAGE', ...SLOTS },
  queueTimeoutS: { variable: 'RUNVOY_QUEUE_TIMEOUT', ...TIMEOUT_S, fallback: LIMITS.queueTimeoutDefaultS },
  /** Requests a minute and key; 0 = no limit. */
  rateLimit: { variable: 'RUNVOY_RATE_LIMIT', fallback: 0, min: 0, max: 1_000_000 },
  rateLimitRefused: { variable: 'RUNVOY_RATE_LIMIT_REFUSED', fallback: 100, min: 1, max: 1_000_000 },
  /** UTF-8 bytes of the texts that a command may write. */
  maxLogBytes: {
    variable: 'RUNVOY_LOG_MAX_BYTES',
    fallback: LIMITS.logBytesDefault,
    min: LIMITS.logBytesMin,
    max: LIMITS.logBytesMax,
  },
  /** Days after the end of a run; 0 = for ever. */
  logRetentionDays: { variable: 'RUNVOY_LOG_RETENTION_DAYS', fallback: 30, min: 0, max: 36_500 },
  trustedProxyHops: { variable: 'RUNVOY_TRUSTED_PROXY_HOPS', fallback: 0, min: 0, max: 10 },
} as const;

/** What happens to a run that writes more than it may; the first unless told. */
export const LOG_LIMIT_POLICIES = ['stop', 'head_tail'] as const satisfies readonly LogLimitPolicy[];

/** What happens to a command that writes faster than its lines are taken. */
export const LOG_BACKPRESSURES = ['spool', 'slow'] as const satisfies readonly LogBackpressure[];

/** How much a run may write and what happens beyond it, or when it is faster than its lines are taken, as a deployment is configured. */
export function logPolicy(given: {
  readonly maxLogBytes: number;
  readonly logLimitPolicy: LogLimitPolicy;
  readonly logBackpressure: LogBackpressure;
}): Pick<RunPolicy, 'maxLogBytes' | 'logLimitPolicy' | 'logBackpressure'> {
  const { maxLogBytes, logLimitPolicy, logBackpressure } = given;
  return {
    maxLogBytes,
    ...(logLimitPolicy === 'stop' ? {} : { logLimitPolicy }),
    ...(logBackpressure === 'spool' ? {} : { logBackpressure }),
  };
}

/** What is right by itself and wrong together. */
export function timeoutProblems(given: { readonly timeoutDefaultS?: number; readonly timeoutMaxS?: number }): string[] {
  const { timeoutDefaultS, timeoutMaxS } = given;
  if (timeoutDefaultS === undefined || timeoutMaxS === undefined || timeoutDefaultS <= timeoutMaxS) return [];
  return [
    `RUNVOY_TIMEOUT_DEFAULT_SECONDS (${timeoutDefaultS}) must not be above RUNVOY_TIMEOUT_MAX_SECONDS (${timeoutMaxS}).`,
  ];
}
