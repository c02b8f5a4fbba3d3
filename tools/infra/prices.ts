/** 30 days. */
export const MONTH_SECONDS = 2_592_000;
export const MONTH_HOURS = 720;

/** When the list prices below were written down. None was looked up by a program: docs/operations/cost.md says where each stands. */
export const PRICES_FROM = 'November 2026';

/** List prices in USD of a region of Cloud Run's tier 1, without free quotas. */
export const PRICES = {
  /** Of an instance while it answers, billed by requests. */
  vcpuSecond: 0.000_024,
  gibSecond: 0.000_002_5,
  /** Of an instance of `min` that has nothing to do. */
  idleVcpuSecond: 0.000_002_5,
  idleGibSecond: 0.000_002_5,
  schedulerJob: 0.1,
  keyVersion: 0.06,
  secretVersion: 0.06,
  e2MicroHour: 0.008_4,
  /** The first five rules of a project cost what one does. */
  fiveForwardingRulesHour: 0.025,
  armorPolicy: 5,
  armorRule: 1,
} as const;
