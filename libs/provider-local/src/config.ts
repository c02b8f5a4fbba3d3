import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { readPrices, START_TIMEOUT_S, STOP_TIMEOUT_S } from '@runvoy/core';
import { LIMITS } from '@runvoy/protocol';
import { LOG_LEVELS } from '@runvoy/runtime/logger';
import {
  flag,
  integer,
  oneOf,
  optionalJson,
  readConfig,
  text,
  type ConfigOf,
  type Env,
} from '@runvoy/runtime/read-config';

/** How many runs may be under way at once; 0 = as many as come. */
const slots = integer({ fallback: 0, min: 0, max: LIMITS.runningMax });

/** What one service reads that runs alone on this machine. The standalone server, which runs all of them, has a table of its own. */
export const LOCAL_VARIABLES = {
  provider: ['RUNVOY_BACKEND_PROVIDER', oneOf(['local'], 'local')],
  port: ['PORT', integer({ fallback: 8080, min: 0, max: 65_535 })],
  dataDir: ['RUNVOY_DATA_DIR', text({ fallback: join(homedir(), '.local', 'share', 'runvoy') })],
  trustAllUsers: ['RUNVOY_LOCAL_TRUST_ALL_USERS', flag(false)],
  logLevel: ['RUNVOY_LOG_LEVEL', oneOf(LOG_LEVELS, 'info')],
  prices: ['RUNVOY_PRICES', optionalJson(readPrices)],
  timeoutDefaultS: [
    'RUNVOY_TIMEOUT_DEFAULT_SECONDS',
    integer({ fallback: LIMITS.timeoutDefaultS, min: 1, max: LIMITS.timeoutMaxS }),
  ],
  timeoutMaxS: [
    'RUNVOY_TIMEOUT_MAX_SECONDS',
    integer({ fallback: LIMITS.timeoutMaxS, min: 1, max: LIMITS.timeoutMaxS }),
  ],
  startTimeoutS: ['RUNVOY_START_TIMEOUT', integer({ ...START_TIMEOUT_S, fallback: 120 })],
  stopTimeoutS: ['RUNVOY_STOP_TIMEOUT', integer(STOP_TIMEOUT_S)],
  maxRunning: ['RUNVOY_MAX_RUNNING', slots],
  maxRunningPerUser: ['RUNVOY_MAX_RUNNING_PER_USER', slots],
  maxRunningPerImage: ['RUNVOY_MAX_RUNNING_PER_IMAGE', slots],
  queueTimeoutS: [
    'RUNVOY_QUEUE_TIMEOUT',
    integer({ fallback: LIMITS.queueTimeoutDefaultS, min: 1, max: LIMITS.timeoutMaxS }),
  ],
} as const;

export type LocalConfig = ConfigOf<typeof LOCAL_VARIABLES>;

/** Reads the environment once, at the edge. Throws `ConfigProblems` naming every wrong variable. */
export function readLocalConfig(env: Env): LocalConfig {
  const read = readConfig(env, LOCAL_VARIABLES);
  return { ...read, dataDir: resolve(read.dataDir) };
}
