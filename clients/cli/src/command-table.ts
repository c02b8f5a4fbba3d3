import type { Invocation } from './invocation.ts';
import type { OptionTable } from './options.ts';

/** A command: what the help says of it, and where its code is. */
export interface Command {
  readonly usage: string;
  readonly summary: string;
  readonly options: OptionTable;
  /** Shown below the options. */
  readonly notes?: readonly string[];
  readonly examples: readonly string[];
  /** How many words it takes after its options; `rest`: from the first word on everything is a command to run. */
  readonly words: { readonly least: number; readonly most: number } | 'rest';
  /** Loaded on first use: a start reads only what it needs. */
  readonly load: () => Promise<(invocation: Invocation) => Promise<number>>;
}

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
const RUN_OPTIONS = {
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

export const COMMANDS: Readonly<Record<string, Command>> = {
  run: {
    usage: 'run [options] <command...> | --file FILE',
    summary: 'run a command, follow its log, exit with its code',
    options: {
      ...RUN_OPTIONS,
      file: {
        type: 'string',
        value: 'FILE',
        text: 'a job in YAML or JSON; options go before what it says, "-e" and "--secret" are added to it',
      },
    },
    notes: [
      'Options come before the command; from its first word on everything belongs to the command, joined by single spaces.',
      'The command is a script for `sh -e`: it ends at the first line that fails, unless it says otherwise.',
      'A job file has the fields of the API: command, image, env, timeout, secrets, git_repo, git_ref, git_path, network, grace, isolation and labels.',
      'A command has no stdin: what is piped into runvoy is not read.',
      "The command's stdout goes to stdout, its stderr to stderr; everything else said here goes to stderr.",
      "Exit code: the command's own; 124 timeout, 130 stopped, 125 when the command never began, nobody knows how it ended,",
      'or runvoy failed or left before the end.',
      'Ctrl-C on a terminal leaves after 2 s, a second one within stops the run, a third leaves at once while its stop goes on.',
      'Without a terminal SIGINT and SIGTERM stop the run and wait until it is gone; a second one leaves at once. Who left a stop that',
      'is not confirmed exits with 130 after SIGINT and 143 after SIGTERM. After the grace and two minutes the wait ends by itself, with 125.',
      '--json prints one object a line: {"type":"started","execution_id",...}, {"type":"line","seq","stream","ms","text",',
      '"partial"?}, {"type":"gap","from","to"}, {"type":"status","status",...}, and last {"type":"end","status","exit_code",',
      '"reason"?,"lines","sha256","completeness","verified","duration_ms"?}, or {"type":"left","execution_id","stop"} where stop is none,',
      'sent, accepted or refused. With --detach: the answer of the API.',
    ],
    examples: [
      `runvoy run 'for i in 1 2 3; do echo "line $i"; sleep 1; done'`,
      'runvoy run -e GREETING=hello --timeout 5m -- printenv GREETING',
      'runvoy run --file nightly.yml --timeout 2h',
      'runvoy run --git-repo https://github.com/runvoy/runvoy ls -la',
    ],
    words: 'rest',
    load: async () => (await import('./commands/run.ts')).run,
  },
  logs: {
    usage: 'logs [-f] [options] <execution-id>',
    summary: 'print, follow, search or verify a log',
    options: {
      follow: { type: 'boolean', short: 'f', text: 'follow until the run has ended; Ctrl-C only leaves' },
      tail: { type: 'string', value: 'N', text: 'begin with the last N lines; 0 with -f: only what comes' },
      after: { type: 'string', value: 'N', text: 'begin after line N' },
      since: { type: 'string', value: 'WHEN', text: 'begin at a time, or so long ago: 2026-01-31T12:00:00Z, 10m' },
      timestamps: { type: 'boolean', short: 't', text: 'put the time (UTC) before every line' },
      search: { type: 'string', value: 'TEXT', text: 'print the lines with this text, numbered; the server searches' },
      regex: { type: 'boolean', text: 'the text of --search is an RE2 expression' },
      'ignore-case': { type: 'boolean', short: 'i', text: 'search whatever the case of letters' },
      context: { type: 'string', value: 'N', text: 'print N lines around each that was found' },
      'first-error': { type: 'boolean', text: 'print the first line that looks like an error, and those around it' },
      verify: {
        type: 'boolean',
        text: 'digest the log here, and compare with the server and with what the runner signed',
      },
    },
    notes: [
      'Exit code: 0 whatever became of the run; 1 when lines are missing, their SHA-256 is not the one the runner stated, or the log could not be read.',
      'Streams are kept apart as in "run". --json prints the frames "line", "gap", "status" (with -f) and "end" of "run".',
      'To a pipe lines go as they were written. A terminal gets text and colours alone: of progress its last state, and groups (::group::name) indented.',
      '--search and --first-error exit with 1 when nothing is found, --verify when the log is not complete and verified.',
    ],
    examples: [
      'runvoy logs 3f9a0c7d52e14b86a1c0d94e7f2b6835',
      'runvoy logs -f --timestamps 3f9a0c7d52e14b86a1c0d94e7f2b6835',
      'runvoy logs --tail 100 -f 3f9a0c7d52e14b86a1c0d94e7f2b6835',
      'runvoy logs --after 1200 --json 3f9a0c7d52e14b86a1c0d94e7f2b6835',
      'runvoy logs --search timeout --context 3 3f9a0c7d52e14b86a1c0d94e7f2b6835',
      'runvoy logs --first-error 3f9a0c7d52e14b86a1c0d94e7f2b6835',
    ],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  list: {
    usage: 'list [options]',
    summary: 'list runs, newest first',
    options: {
      limit: { type: 'string', value: 'N', text: 'how many; 10 unless given, 0 = all' },
      status: {
        type: 'string',
        value: 'A,B',
        text: 'only these: starting, running, terminating, succeeded, failed, stopped',
      },
      image: { type: 'string', value: 'IMAGE', text: 'only of this image: an id, or a reference' },
      label: { type: 'string', multiple: true, value: 'K=V', text: 'only with this label; repeat: with all of them' },
      user: { type: 'string', value: 'EMAIL', text: 'only what this user started' },
      since: { type: 'string', value: 'WHEN', text: 'not started before: 2026-01-31T12:00:00Z, or 2h ago' },
      until: { type: 'string', value: 'WHEN', text: 'not started after' },
      cursor: { type: 'string', value: 'CURSOR', text: 'the older ones behind a list, for the same options' },
    },
    notes: ['Where there are older ones, stderr names the cursor that goes on with them.'],
    examples: [
      'runvoy list',
      'runvoy list --status failed,stopped --since 24h --limit 50',
      'runvoy list --label env=prod --user ann@example.com --json',
    ],
    words: { least: 0, most: 0 },
    load: async () => (await import('./commands/list.ts')).list,
  },
  status: {
    usage: 'status <execution-id>',
    summary: 'show the state of one run',
    options: {},
    examples: ['runvoy status 3f9a0c7d52e14b86a1c0d94e7f2b6835'],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/status.ts')).status,
  },
  share: {
    usage: 'share [--for TIME] <execution-id>',
    summary: 'make a link to a log that needs no key',
    options: { for: { type: 'string', value: 'TIME', text: 'how long it works: 1m to 12h; an hour unless given' } },
    notes: [
      'It opens this one log, for reading, and ends earlier when your key is revoked or you may not read the run any more.',
      '--json has the links for live views besides.',
    ],
    examples: ['runvoy share --for 12h 3f9a0c7d52e14b86a1c0d94e7f2b6835'],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/share.ts')).share,
  },
  explain: {
    usage: 'explain <execution-id>',
    summary: 'say why a run is as it is',
    options: {},
    notes: [
      'What happened and what to do; what the run waits for and what comes next; and everything that is known of it, oldest first.',
      'The words that stand for a reason are listed in docs/reasons.md.',
    ],
    examples: [
      'runvoy explain 3f9a0c7d52e14b86a1c0d94e7f2b6835',
      'runvoy explain --json 3f9a0c7d52e14b86a1c0d94e7f2b6835',
    ],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/explain.ts')).explain,
  },
  trace: {
    usage: 'trace <request-id>',
    summary: "everything that carries a request's id",
    options: {},
    notes: [
      'For admins. What was changed in the request, the runs it started or stopped with their lives, and what these name.',
      'Every answer of the API carries its id in X-Request-Id; errors, audit records and runs show it, too.',
    ],
    examples: ['runvoy trace 0f1e2d3c4b5a69788796a5b4c3d2e1f0'],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/trace.ts')).trace,
  },
  playbook: {
    usage: 'playbook list | show | versions | create | update | delete | run [options] [name]',
    summary: 'what is run again and again: files in .runvoy, and versions on the server',
    options: {
      param: { type: 'string', multiple: true, value: 'K=V', text: 'run: the value of a parameter; repeat' },
      version: { type: 'string', value: 'N', text: 'run, show: this version of the server, not the newest' },
      server: { type: 'boolean', text: 'run, show, list: what the server has, whatever lies here' },
      file: {
        type: 'string',
        short: 'f',
        value: 'FILE',
        text: 'create, update: what to keep; .runvoy/<name>.yml unless given',
      },
      ...RUN_OPTIONS,
    },
    notes: [
      'A name is looked for in ./.runvoy, or without that folder in ~/.runvoy, then on the server; stderr says which is used.',
      'Files are of the form that runvoy has: commands, description, image, env, secrets, git_repo, git_ref, git_path. On the server a',
      'playbook may also have parameters, labels, timeout, grace and network. Each change is a new version; a version never changes.',
      'Values of parameters reach the command in variables: --param target=prod as $TARGET. Nothing of them is read by a shell.',
      'Other options of "run" stand in place of what the playbook says; --secret, --label and -e come on top. Exit codes are those of "run".',
    ],
    examples: [
      'runvoy playbook run deploy',
      'runvoy playbook create deploy --file deploy.yml',
      'runvoy playbook run deploy --server --version 2 --param target=prod --detach',
    ],
    words: { least: 1, most: 2 },
    load: async () => (await import('./commands/playbook.ts')).playbook,
  },
  kill: {
    usage: 'kill [--wait] [--force | --grace TIME] <execution-id>',
    summary: 'stop a run',
    options: {
      wait: { type: 'boolean', text: 'stay until nothing of it lives' },
      force: { type: 'boolean', text: 'kill at once: no time between SIGTERM and SIGKILL' },
      grace: { type: 'string', value: 'TIME', text: "between SIGTERM and SIGKILL, instead of the run's own" },
    },
    notes: ['A run that is being stopped already can be left less time, never more.'],
    examples: [
      'runvoy kill --wait 3f9a0c7d52e14b86a1c0d94e7f2b6835',
      'runvoy kill --force 3f9a0c7d52e14b86a1c0d94e7f2b6835',
    ],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/kill.ts')).kill,
  },
  images: {
    usage: 'images register | list | show | unregister [options] [words]',
    summary: 'what runs may run in',
    options: {
      'set-default': { type: 'boolean', text: 'register: runs that name no image use it' },
      cpu: { type: 'string', value: 'N', text: 'register: 1024 = one cpu' },
      memory: { type: 'string', value: 'MIB', text: 'register: memory of a run' },
      network: { type: 'string', value: 'NETWORK', text: 'register: none or default' },
      'max-running': {
        type: 'string',
        value: 'N',
        text: 'register: how many of its runs at once; 0 = no limit of its own',
      },
      'runtime-platform': {
        type: 'string',
        value: 'P',
        text: "register: kept and shown; the deployment's own unless named",
      },
      'task-role': { type: 'string', value: 'ACCOUNT', text: 'register: the account its runs have' },
      'task-exec-role': { type: 'string', value: 'ACCOUNT', text: "register: kept and shown, for runvoy's clients" },
    },
    examples: ['runvoy images register alpine:3.22 --set-default', 'runvoy images list'],
    words: { least: 1, most: 2 },
    load: async () => (await import('./commands/images.ts')).images,
  },
  users: {
    usage: 'users create | list | role | revoke [options] [words]',
    summary: 'who may use this server',
    options: { role: { type: 'string', value: 'ROLE', text: 'create: admin, operator, developer or viewer' } },
    notes: [
      'create prints a claim token: whoever runs "runvoy claim" with it within 15 minutes has the first key.',
      'A user named service:<name> is no person: a pipeline, an agent.',
      'A role and a revocation hold from the next request on, and on open live views within 30 s.',
    ],
    examples: ['runvoy users create ann@example.com --role developer', 'runvoy users role ann@example.com operator'],
    words: { least: 1, most: 3 },
    load: async () => (await import('./commands/users.ts')).users,
  },
  keys: {
    usage: 'keys create | list | rotate | revoke [options] [words]',
    summary: 'API keys: several for one user, each held to what it is for',
    options: {
      user: { type: 'string', value: 'EMAIL', text: 'whose; your own unless given' },
      expires: { type: 'string', value: 'TIME', text: 'create: 12h, 30m or seconds; never unless given' },
      role: { type: 'string', value: 'ROLE', text: 'create: the highest role it counts as' },
      image: { type: 'string', multiple: true, value: 'IMAGE', text: 'create: its runs use these only; repeat' },
      secret: { type: 'string', multiple: true, value: 'NAME', text: 'create: it uses these only; repeat' },
      'max-running': { type: 'string', value: 'N', text: 'create: how many of its runs at once; the others wait' },
      overlap: { type: 'string', value: 'TIME', text: 'rotate: for how long the old key works on; 0 unless given' },
    },
    notes: [
      'A key makes none that may more than itself, or outlives it. One held to images or secrets counts as a developer.',
      'The runs of what a key with --max-running makes, and of what is rotated into its place, are counted with its own.',
    ],
    examples: [
      'runvoy keys create ci --role developer --image alpine:3.22 --secret github --expires 720h',
      'runvoy keys rotate <key-id> --overlap 1h',
    ],
    words: { least: 1, most: 2 },
    load: async () => (await import('./commands/keys.ts')).keys,
  },
  audit: {
    usage: 'audit [verify] [options]',
    summary: 'who changed what, newest first; "verify" proves that nothing was taken out',
    options: {
      by: { type: 'string', value: 'EMAIL', text: 'what this user did' },
      action: { type: 'string', value: 'ACTION', text: 'only this: user.create, secret.read, key.revoke, ...' },
      subject: { type: 'string', value: 'ID', text: 'what was done to this user, key, image or secret' },
      from: { type: 'string', value: 'WHEN', text: 'not before: 2026-01-31T12:00:00Z' },
      to: { type: 'string', value: 'WHEN', text: 'not after' },
      limit: { type: 'string', value: 'N', text: 'how many; 20 unless given' },
      after: { type: 'string', value: 'CURSOR', text: 'the older ones behind a page' },
    },
    notes: [
      'Each record holds the hash of the one before. Keep the head that "verify" prints elsewhere: it proves the past later.',
      'Who started or stopped a run stands in the run itself: runvoy status.',
    ],
    examples: ['runvoy audit --action secret.read --by ann@example.com', 'runvoy audit verify'],
    words: { least: 0, most: 1 },
    load: async () => (await import('./commands/audit.ts')).audit,
  },
  whoami: {
    usage: 'whoami',
    summary: 'as whom the server sees you',
    options: {},
    examples: ['runvoy whoami'],
    words: { least: 0, most: 0 },
    load: async () => (await import('./commands/whoami.ts')).whoami,
  },
  can: {
    usage: 'can <permission> [execution:<id> | secret:<name> | playbook:<name>]',
    summary: 'ask whether you may, and by which rule; exit code 0 = yes, 1 = no',
    options: {},
    examples: ['runvoy can users.create', 'runvoy can secret.use secret:github'],
    words: { least: 1, most: 2 },
    load: async () => (await import('./commands/can.ts')).can,
  },
  secrets: {
    usage:
      'secrets create | list | get | update | delete | grant | ungrant | key | rotate-key | reseal [options] [words]',
    summary: 'values that runs are given by name',
    options: {
      description: { type: 'string', value: 'TEXT', text: 'create, update: what it is for' },
      variable: { type: 'string', value: 'NAME', text: 'update: the variable that runs find it in' },
      'key-name': { type: 'string', value: 'NAME', text: 'update: the same, as runvoy calls it' },
      value: { type: 'string', value: 'V', text: 'update: the new value' },
      'new-value': { type: 'boolean', text: 'update: ask for the new value, or read it from stdin' },
    },
    notes: [
      'create <name> <variable> [value]; without a value it is asked for, or read from stdin.',
      'get <name> prints the value. list prints none. grant <name> <email> lets a user use it in runs, ungrant takes that back.',
      'rotate-key (admins) makes a new key and seals everything with it; reseal goes on where that stopped; key shows which key seals what.',
      'A run keeps the values it was accepted with. Its log masks them, which guards against accidents, not against the command.',
    ],
    examples: [
      'runvoy secrets create github GITHUB_TOKEN < token.txt',
      'runvoy run --secret github -- sh -c \'test -n "$GITHUB_TOKEN" && echo there\'',
      'runvoy secrets grant github ann@example.com',
    ],
    words: { least: 1, most: 4 },
    load: async () => (await import('./commands/secrets.ts')).secrets,
  },
  'dead-letters': {
    usage: 'dead-letters list | show | replay | drop [options] [id...]',
    summary: 'events that nobody could carry out: see them, send them again, give them up',
    options: { limit: { type: 'string', value: 'N', text: 'list: how many; 20 unless given, 0 = all' } },
    notes: [
      'An event is put aside with its reason when no further delivery can change what becomes of it, or after 100 deliveries.',
      'replay sends it once more; when it fails again, it is open again under the same id. drop gives it up.',
      'Both are recorded with who did it. No run depends on one event: looks by the clock find what an event would have told.',
    ],
    examples: [
      'runvoy dead-letters list',
      'runvoy dead-letters show qtkd5zv3mhwpvyfn2x7a',
      'runvoy dead-letters replay qtkd5zv3mhwpvyfn2x7a',
    ],
    words: { least: 1, most: 1_000 },
    load: async () => (await import('./commands/dead-letters.ts')).deadLetters,
  },
  health: {
    usage: 'health [reconcile]',
    summary: 'show the last health report; "reconcile" repairs and reports now',
    options: {},
    notes: [
      'For admins and operators. Exit code: 1 when the report has errors, or when there is none yet.',
      'What could not be checked is listed with the reason; nothing is said about it, good or bad.',
      "reconcile repairs what is provably runvoy's own. Accounts and permissions are reported and never changed.",
    ],
    examples: ['runvoy health', 'runvoy health reconcile', 'runvoy health --json'],
    words: { least: 0, most: 1 },
    load: async () => (await import('./commands/health.ts')).health,
  },
  claim: {
    usage: 'claim <token or link>',
    summary: 'turn a claim into an API key and keep it',
    options: {},
    notes: [
      'A link goes to its own server only, a token to the server that is configured; --api-endpoint names another for both.',
      'The key is saved to ~/.runvoy/config.yaml (RUNVOY_CONFIG names another file), with --profile below "profiles".',
    ],
    examples: ["runvoy claim 'https://runvoy.example.com/#claim=...'", 'runvoy claim --profile staging <token>'],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/claim.ts')).claim,
  },
  configure: {
    usage: 'configure',
    summary: 'save the address of a server and a key',
    options: {},
    notes: [
      'Asks on a terminal; otherwise give --api-endpoint and --api-key, or both as lines on stdin.',
      'Saves both in any case; exit code 1 when the server does not accept the key.',
    ],
    examples: ['runvoy configure', 'runvoy configure --profile staging --api-endpoint https://runvoy.example.com'],
    words: { least: 0, most: 0 },
    load: async () => (await import('./commands/configure.ts')).configure,
  },
  local: {
    usage: 'local [login | reset] [options]',
    summary: 'start a server on this machine; "login" prints a sign-in link, "reset" deletes its data',
    options: {
      port: { type: 'string', value: 'N', text: 'port to listen on' },
      host: { type: 'string', value: 'ADDRESS', text: 'address to listen on; loopback unless given' },
      'no-first-run': { type: 'boolean', text: 'do not run a first command' },
      yes: { type: 'boolean', short: 'y', text: 'reset without asking' },
    },
    notes: ["'reset' deletes what runvoy made in the data directory; what else lies there stays."],
    examples: ['runvoy local', 'runvoy local --port 8080 --data-dir ./data --json', 'runvoy local login'],
    words: { least: 0, most: 1 },
    load: async () => (await import('./commands/local.ts')).local,
  },
  backup: {
    usage: 'backup [--to DIR]',
    summary: 'back up the local store, also while its server runs',
    options: {
      to: {
        type: 'string',
        value: 'DIR',
        text: 'a new directory, or one that is there to put it in; here unless given',
      },
    },
    notes: [
      'A backup is a directory: the database, the event queue of the same moment, and the archive. It is looked over before it gets its name.',
      'It holds no keys. Secrets and variables in it can be read only with vault-keys.json of the data directory: keep a copy elsewhere.',
    ],
    examples: ['runvoy backup', 'runvoy backup --to /mnt/backups'],
    words: { least: 0, most: 0 },
    load: async () => (await import('./commands/backup.ts')).backup,
  },
  restore: {
    usage: 'restore [--force] <backup>',
    summary: 'make a data directory of a backup',
    options: { force: { type: 'boolean', text: 'also where there is data; it is kept beside the new, never deleted' } },
    notes: [
      'Not while a server runs there. Runs that had not ended when the backup was made are over in it: reason restored.',
      'Put your copy of vault-keys.json into the data directory before the first start, unless the old directory still has it.',
    ],
    examples: [
      'runvoy restore runvoy-backup-2026-11-28T17-00-00-000Z',
      'runvoy restore --data-dir ./data --force ./backup',
    ],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/backup.ts')).restore,
  },
  export: {
    usage: 'export [--logs | --no-history] [--to FILE]',
    summary: 'write what can be carried to another deployment, as lines of JSON',
    options: {
      logs: { type: 'boolean', text: 'the logs of runs, too' },
      'no-history': { type: 'boolean', text: 'no runs' },
      to: { type: 'string', value: 'FILE', text: 'a file, written whole or not at all; stdout unless given' },
    },
    notes: [
      'For admins. Images, users, names of secrets, and runs that have ended. No key, no claim, no value of a secret.',
      'It asks what any runvoy answers: --api-endpoint may be one on AWS.',
    ],
    examples: ['runvoy export --to team.jsonl', 'runvoy export --logs --profile laptop > everything.jsonl'],
    words: { least: 0, most: 0 },
    load: async () => (await import('./commands/export.ts')).exportAll,
  },
  import: {
    usage: 'import <file>',
    summary: 'carry an export into this deployment',
    options: {},
    notes: [
      'For admins. What is there already stays as it is: twice is once, and an import that was stopped is begun again.',
      'Prints a claim for each new user, and the command for each secret that needs its value. "-" reads stdin.',
    ],
    examples: ['runvoy import team.jsonl', 'runvoy export --profile laptop | runvoy import --profile cloud -'],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/import.ts')).importAll,
  },
  infra: {
    usage: 'infra plan | apply | destroy | status | doctor --project PROJECT [options]',
    summary: 'a deployment of your own in Google Cloud: what it would be, make it, look at it, take it away',
    options: {
      project: { type: 'string', value: 'ID', text: 'the project; one of its own is best' },
      region: { type: 'string', value: 'REGION', text: 'where services and runs are: europe-west1' },
      admin: { type: 'string', value: 'EMAIL', text: 'who is let in first; who is signed in with gcloud unless given' },
      version: { type: 'string', value: 'V', text: "tag of runvoy's images; this checkout's version unless given" },
      images: {
        type: 'string',
        value: 'REPO',
        text: 'where published images are; built with Cloud Build unless given',
      },
      'state-bucket': {
        type: 'string',
        value: 'NAME',
        text: "bucket of Terraform's state; PROJECT-terraform unless given",
      },
      settings: { type: 'string', value: 'FILE', text: 'further variables of infra/terraform, as one JSON object' },
      'max-instances': { type: 'string', value: 'N', text: 'most instances of each service; 100 unless given' },
      'public-access': {
        type: 'string',
        value: 'HOW',
        text: 'all-users, or no-iam-check where an organisation refuses it',
      },
      'deletion-protection': { type: 'string', value: 'ON', text: 'on or off; destroy wants it off' },
      yes: { type: 'boolean', short: 'y', text: 'apply without asking' },
    },
    notes: [
      'plan asks nobody: it says what a first apply would make, who could reach it, and what it costs at rest. It needs Terraform alone.',
      'doctor looks at tools, project, billing, permissions, APIs, quotas and organisation policies; each failure names its fix.',
      'apply begins with doctor and ends with a real run. What was chosen is kept beside the state: the next apply need not be told.',
      'An apply that was interrupted, or failed, goes on when it is repeated. With another --version it upgrades.',
      'destroy refuses while the deployment is protected, and asks for the name of the project.',
      "Needs a checkout of runvoy's repository, Terraform and gcloud; gcloud's sign-in is used for all.",
    ],
    examples: [
      'runvoy infra plan --project my-project --region europe-west1',
      'runvoy infra doctor --project my-project --region europe-west1',
      'runvoy infra apply --project my-project --region europe-west1 --max-instances 20',
      'runvoy infra status --project my-project',
    ],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/infra.ts')).infra,
  },
  completion: {
    usage: 'completion bash | zsh | fish',
    summary: 'print what makes a shell complete commands and options',
    options: {},
    notes: [
      'bash: eval "$(runvoy completion bash)" in ~/.bashrc.',
      'zsh: runvoy completion zsh > "${fpath[1]}/_runvoy", then start a new shell.',
      'fish: runvoy completion fish > ~/.config/fish/completions/runvoy.fish.',
    ],
    examples: ['runvoy completion bash', 'runvoy completion fish > ~/.config/fish/completions/runvoy.fish'],
    words: { least: 1, most: 1 },
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  version: {
    usage: 'version',
    summary: 'show the versions of this client and of the server',
    options: {},
    examples: ['runvoy version'],
    words: { least: 0, most: 0 },
    load: async () => (await import('./commands/version.ts')).version,
  },
  help: {
    usage: 'help [command]',
    summary: 'show help',
    options: {},
    examples: ['runvoy help run'],
    words: { least: 0, most: 1 },
    load: async () => (await import('./commands/help.ts')).help,
  },
};
