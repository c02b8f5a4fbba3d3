const KIB = 1024;
const MIB = 1024 * KIB;

/** Every limit a caller can meet. Beyond one the answer is 413 or 422 and names the limit and the size received. */
export const LIMITS = {
  /** A command travels as a script file, never as an argument, so the platform's argv limit does not apply. */
  commandBytes: 256 * KIB,
  envEntries: 1_000,
  envNameBytes: 256,
  /** Cloud Run's own limit for one value (https://cloud.google.com/run/quotas). */
  envValueBytes: 32 * KIB,
  envTotalBytes: 256 * KIB,
  /** Variables that an end record names as too short to be masked. */
  unmaskedNames: 100,
  bodyBytes: 2 * MIB,
  secretsPerRun: 100,
  labelsPerRun: 16,
  parametersPerPlaybook: 50,
  choicesPerParameter: 100,
  choiceChars: 255,
  patternChars: 500,
  /** One version, serialised: with its command and environment at their limits. */
  playbookBytes: 768 * KIB,
  labelValueChars: 63,
  /** Names of images or secrets that one key may be held to. */
  namesPerKey: 100,
  keysPerUser: 50,
  keyNameChars: 100,
  /** Ten years. */
  keyLifeMaxS: 315_360_000,
  secretNameChars: 255,
  grantsPerSecret: 1_000,
  descriptionChars: 1_000,
  idempotencyKeyChars: 255,
  gitUrlChars: 2_048,
  gitRefChars: 255,
  gitPathChars: 1_024,
  imageChars: 512,
  emailChars: 254,
  /** One batch, serialised: below Cloud Logging's 256 KiB an entry, with room for its own fields. */
  batchBytes: 100 * KIB,
  /** The text of one stored line, in UTF-8; a longer one is cut into `partial` pieces. */
  lineTextBytes: 32 * KIB,
  listPage: 1_000,
  logPageLines: 10_000,
  /** What is searched for in a log, as text or as an expression. */
  searchChars: 256,
  searchHits: 1_000,
  timeoutDefaultS: 3_600,
  /** Cloud Run's longest task (168 h). */
  timeoutMaxS: 604_800,
  /** The highest limit of runs at once that can be set: those who hold slots are kept in one record. */
  runningMax: 5_000,
  queueTimeoutDefaultS: 3_600,
  graceDefaultMs: 10_000,
  graceMaxMs: 3_600_000,
  /** Output beyond this ends the run with cause `output_limit`. */
  logBytesDefault: 1_024 * MIB,
  logBytesMin: 64 * 1_024,
  logBytesMax: 1_024 * 1_024 * MIB,
} as const;
