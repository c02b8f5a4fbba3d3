import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { DEPLOYMENT_LIMITS, LOG_BACKPRESSURES, LOG_LIMIT_POLICIES, readPrices, timeoutProblems } from '@runvoy/core';
import { LOG_LEVELS } from '@runvoy/runtime/logger';
import {
  flag,
  integer,
  integers,
  oneOf,
  optionalJson,
  readConfig,
  text,
  type ConfigOf,
  type Env,
} from '@runvoy/runtime/read-config';

/** What one service reads that runs alone on this machine. The standalone server, which runs all of them, has a table of its own. */
export const LOCAL_VARIABLES = {
  provider: ['RUNVOY_BACKEND_PROVIDER', oneOf(['local'], 'local')],
  port: ['PORT', integer({ fallback: 8080, min: 0, max: 65_535 })],
  dataDir: ['RUNVOY_DATA_DIR', text({ fallback: join(homedir(), '.local', 'share', 'runvoy') })],
  trustAllUsers: ['RUNVOY_LOCAL_TRUST_ALL_USERS', flag(false)],
  logLevel: ['RUNVOY_LOG_LEVEL', oneOf(LOG_LEVELS, 'info')],
  accessLog: ['RUNVOY_ACCESS_LOG', flag(false)],
  prices: ['RUNVOY_PRICES', optionalJson(readPrices)],
  ...integers(DEPLOYMENT_LIMITS),
  logLimitPolicy: ['RUNVOY_LOG_LIMIT_POLICY', oneOf(LOG_LIMIT_POLICIES, 'stop')],
  logBackpressure: ['RUNVOY_LOG_BACKPRESSURE', oneOf(LOG_BACKPRESSURES, 'spool')],
} as const;

export type LocalConfig = ConfigOf<typeof LOCAL_VARIABLES>;

/** Reads the environment once, at the edge. Throws `ConfigProblems` naming every wrong variable. */
export function readLocalConfig(env: Env): LocalConfig {
  const read = readConfig(env, LOCAL_VARIABLES, timeoutProblems);
  return { ...read, dataDir: resolve(read.dataDir) };
}
