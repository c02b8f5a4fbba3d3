import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  ConfigProblems,
  flag,
  integers,
  LOG_LEVELS,
  list,
  oneOf,
  optionalInteger,
  optionalJson,
  readConfig,
  text,
  type Env,
} from '@runvoy/runtime';
import {
  DEPLOYMENT_LIMITS,
  LOG_BACKPRESSURES,
  LOG_LIMIT_POLICIES,
  isEmail,
  readPrices,
  slotLimits,
  type Prices,
  timeoutProblems,
  type SlotLimits,
} from '@runvoy/core';
import type { LogBackpressure, LogLimitPolicy } from '@runvoy/protocol';

/** How one server on this machine is set up. */
export interface StandaloneConfig {
  readonly port: number;
  /** The user named the port: when it is taken, that is an error and not a reason to look for another. */
  readonly isPortChosen: boolean;
  readonly host: string;
  readonly dataDir: string;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly gitRoots: readonly string[];
  readonly isolation: 'auto' | 'container' | 'bubblewrap' | 'process';
  /** Program and options of the container engine; none = looked for. */
  readonly containerEngine: readonly [string, ...string[]] | undefined;
  readonly trustAllUsers: boolean;
  readonly adminEmail: string;
  readonly logLevel: (typeof LOG_LEVELS)[number];
  /** None configured: no cost is told. */
  readonly prices: Prices | undefined;
  readonly timeoutDefaultS: number;
  readonly timeoutMaxS: number;
  readonly startTimeoutS: number;
  readonly stopTimeoutS: number;
  /** How many runs may be under way at once. */
  readonly limits: SlotLimits;
  /** Requests a minute and key; 0 = no limit. */
  readonly rateLimit: number;
  readonly rateLimitRefused: number;
  /** UTF-8 bytes that a command may write, and what happens to one that writes more. */
  readonly maxLogBytes: number;
  readonly logLimitPolicy: LogLimitPolicy;
  /** What happens to a command that writes faster than its lines are taken. */
  readonly logBackpressure: LogBackpressure;
  /** Days after the end of a run; 0 = for ever. */
  readonly logRetentionDays: number;
  readonly trustedProxyHops: number;
  /** Who may read `/metrics`. */
  readonly metrics: 'key' | 'loopback' | 'off';
  /** A line in the log for every request. */
  readonly accessLog: boolean;
  /** Print the ready line and nothing else. */
  readonly json: boolean;
  /** Run a first command when this start creates the first admin. */
  readonly firstRun: boolean;
}

const DEFAULT_PORT = 56_212;

const ANY_PORT = { min: 0, max: 65_535 };

/** Reads flags and environment; flags win. Throws `ConfigProblems`, or a TypeError of `parseArgs` for an unknown flag. */
export function readStandaloneConfig(args: readonly string[], env: Env): StandaloneConfig {
  const { values } = parseArgs({
    args: [...args],
    options: {
      port: { type: 'string' },
      host: { type: 'string' },
      'data-dir': { type: 'string' },
      json: { type: 'boolean', default: false },
      'no-first-run': { type: 'boolean', default: false },
    },
  });
  const given = {
    ...env,
    RUNVOY_PORT: values.port ?? env['RUNVOY_DEV_SERVER_PORT'] ?? env['RUNVOY_PORT'],
    RUNVOY_HOST: values.host ?? env['RUNVOY_HOST'],
    RUNVOY_DATA_DIR: values['data-dir'] ?? env['RUNVOY_DATA_DIR'],
  };
  const read = readConfig(given, STANDALONE_CONFIG);
  const problems = relationProblems(read);
  if (problems.length > 0) throw new ConfigProblems(problems);
  return {
    ...read,
    port: read.port ?? DEFAULT_PORT,
    isPortChosen: read.port !== undefined,
    dataDir: resolve(read.dataDir),
    containerEngine: engineWords(read.containerEngine),
    gitRoots: read.gitRoots.map((root) => resolve(root)),
    limits: slotLimits(read),
    json: values.json,
    firstRun: !values['no-first-run'] && !values.json,
  };
}

function engineWords(line: string): StandaloneConfig['containerEngine'] {
  const [program, ...options] = line.split(/\s+/).filter((word) => word !== '');
  return program === undefined ? undefined : [program, ...options];
}

/** What is right by itself and wrong together, or what only core can judge. */
function relationProblems(read: {
  readonly timeoutDefaultS: number;
  readonly timeoutMaxS: number;
  readonly adminEmail: string;
}): string[] {
  const problems = timeoutProblems(read);
  if (!isEmail(read.adminEmail)) {
    problems.push(`RUNVOY_ADMIN_EMAIL must be an e-mail address such as you@example.com; got "${read.adminEmail}".`);
  }
  return problems;
}

/** Every variable there is; `docs/config.md` lists the same, and a test compares the two. */
export const STANDALONE_CONFIG = {
  port: ['RUNVOY_PORT', optionalInteger(ANY_PORT)],
  host: ['RUNVOY_HOST', text({ fallback: '127.0.0.1' })],
  dataDir: ['RUNVOY_DATA_DIR', text({ fallback: join(homedir(), '.local', 'share', 'runvoy') })],
  allowedHosts: ['RUNVOY_ALLOWED_HOSTS', list],
  allowedOrigins: ['RUNVOY_CORS_ALLOWED_ORIGINS', list],
  gitRoots: ['RUNVOY_LOCAL_GIT_ROOTS', list],
  isolation: ['RUNVOY_LOCAL_ISOLATION', oneOf(['auto', 'container', 'bubblewrap', 'process'], 'auto')],
  containerEngine: ['RUNVOY_LOCAL_CONTAINER_ENGINE', text({ fallback: '' })],
  trustAllUsers: ['RUNVOY_LOCAL_TRUST_ALL_USERS', flag(false)],
  adminEmail: ['RUNVOY_ADMIN_EMAIL', text({ fallback: `${userInfo().username}@localhost` })],
  logLevel: ['RUNVOY_LOG_LEVEL', oneOf(LOG_LEVELS, 'info')],
  prices: ['RUNVOY_PRICES', optionalJson(readPrices)],
  ...integers(DEPLOYMENT_LIMITS),
  accessLog: ['RUNVOY_ACCESS_LOG', flag(false)],
  logLimitPolicy: ['RUNVOY_LOG_LIMIT_POLICY', oneOf(LOG_LIMIT_POLICIES, 'stop')],
  logBackpressure: ['RUNVOY_LOG_BACKPRESSURE', oneOf(LOG_BACKPRESSURES, 'spool')],
  metrics: ['RUNVOY_METRICS', oneOf(['key', 'loopback', 'off'], 'key')],
} as const;
