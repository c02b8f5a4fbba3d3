import type { OptionTable } from './options.ts';

/** Options that go with every command, before or after its name. */
export const COMMON_OPTIONS = {
  'api-endpoint': { type: 'string', value: 'URL', text: 'the server (RUNVOY_API_ENDPOINT)' },
  'api-key': { type: 'string', value: 'KEY', text: 'the API key (RUNVOY_API_KEY keeps it out of the process list)' },
  profile: { type: 'string', value: 'NAME', text: 'a server below "profiles" in ~/.runvoy/config.yaml' },
  'data-dir': { type: 'string', value: 'D', text: 'data directory of a local server (RUNVOY_DATA_DIR)' },
  json: { type: 'boolean', text: 'print JSON on stdout, and errors as JSON on stderr' },
  'no-color': { type: 'boolean', text: 'no colours (NO_COLOR)' },
  help: { type: 'boolean', short: 'h', text: 'show help' },
} as const satisfies OptionTable;

/** Options that go before the name of a command. */
export const LEADING_OPTIONS = {
  ...COMMON_OPTIONS,
  version: { type: 'boolean', short: 'v', text: 'show the version of this client' },
} as const satisfies OptionTable;

/** Options of whatever starts a run. */
export const RUN_OPTIONS = {
  image: { type: 'string', short: 'i', value: 'IMAGE', text: 'image to run in; the default image unless given' },
  'git-repo': { type: 'string', short: 'g', value: 'URL', text: 'repository to clone first' },
  'git-ref': { type: 'string', short: 'r', value: 'REF', text: 'branch, tag or commit; main unless given' },
  'git-path': { type: 'string', short: 'p', value: 'PATH', text: 'folder of the clone to start in' },
  secret: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    text: 'a secret to use, see "runvoy help secrets"; repeat, or separate by commas',
  },
  env: {
    type: 'string',
    short: 'e',
    multiple: true,
    value: 'K=V',
    text: 'environment of the command; repeat; "-e K" passes K on. RUNVOY_USER_K=V becomes K=V',
  },
  timeout: {
    type: 'string',
    value: 'TIME',
    text: "what the run may take once its runner is there, a clone included: 30s, 5m, 1h or seconds, rounded up; 0 = the server's default",
  },
  grace: {
    type: 'string',
    value: 'TIME',
    text: 'between SIGTERM and SIGKILL when it is stopped; as --timeout, but 0 = none',
  },
  network: { type: 'string', value: 'NETWORK', text: 'none: the command reaches nothing' },
  isolation: { type: 'string', value: 'LEVEL', text: 'container, bubblewrap or process' },
  label: { type: 'string', multiple: true, value: 'K=V', text: 'what the run is found by again, see list; repeat' },
  'idempotency-key': { type: 'string', value: 'KEY', text: 'the same key again finds the same run' },
  detach: { type: 'boolean', text: 'print the execution id and leave' },
  'detach-on-signal': { type: 'boolean', text: 'without a terminal: a signal leaves instead of stopping the run' },
} as const satisfies OptionTable;
