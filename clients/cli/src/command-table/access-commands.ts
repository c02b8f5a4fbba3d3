import type { Command } from '../command.ts';
import { onlyFor } from '../options.ts';

/** Who may do what, with which keys, images and secrets, and who did. */
export const ACCESS_COMMANDS: Readonly<Record<string, Command>> = {
  images: {
    usage: 'images register | list | show | unregister [options] [words]',
    summary: 'what runs may run in',
    options: {
      'set-default': { type: 'boolean', verbs: ['register'], text: 'runs that name no image use it' },
      cpu: { type: 'string', value: 'N', verbs: ['register'], text: '1024 = one cpu' },
      memory: { type: 'string', value: 'MIB', verbs: ['register'], text: 'memory of a run' },
      network: { type: 'string', value: 'NETWORK', verbs: ['register'], text: 'none or default' },
      'max-running': {
        type: 'string',
        value: 'N',
        verbs: ['register'],
        text: 'how many of its runs at once; 0 = no limit of its own',
      },
      'runtime-platform': {
        type: 'string',
        value: 'P',
        verbs: ['register'],
        text: "kept and shown; the deployment's own unless named",
      },
      'task-role': { type: 'string', value: 'ACCOUNT', verbs: ['register'], text: 'the account its runs have' },
      'task-exec-role': {
        type: 'string',
        value: 'ACCOUNT',
        verbs: ['register'],
        text: "kept and shown, for runvoy's clients",
      },
    },
    examples: ['runvoy images register alpine:3.22 --set-default', 'runvoy images list'],
    words: { least: 1, most: 2 },
    load: async () => (await import('../commands/images.ts')).images,
  },
  users: {
    usage: 'users create | list | role | revoke [options] [words]',
    summary: 'who may use this server',
    options: {
      role: { type: 'string', value: 'ROLE', verbs: ['create'], text: 'admin, operator, developer or viewer' },
    },
    notes: [
      'create prints a claim token: whoever runs "runvoy claim" with it within 15 minutes has the first key.',
      'A user named service:<name> is no person: a pipeline, an agent.',
      'A role and a revocation hold from the next request on, and on open live views within 30 s.',
    ],
    examples: ['runvoy users create ann@example.com --role developer', 'runvoy users role ann@example.com operator'],
    words: { least: 1, most: 3 },
    load: async () => (await import('../commands/users.ts')).users,
  },
  keys: {
    usage: 'keys create | list | rotate | revoke [options] [words]',
    summary: 'API keys: several for one user, each held to what it is for',
    options: {
      user: { type: 'string', value: 'EMAIL', verbs: ['create', 'list'], text: 'whose; your own unless given' },
      expires: { type: 'string', value: 'TIME', verbs: ['create'], text: '12h, 30m or seconds; never unless given' },
      role: { type: 'string', value: 'ROLE', verbs: ['create'], text: 'the highest role it counts as' },
      image: {
        type: 'string',
        multiple: true,
        value: 'IMAGE',
        verbs: ['create'],
        text: 'its runs use these only; repeat',
      },
      secret: { type: 'string', multiple: true, value: 'NAME', verbs: ['create'], text: 'it uses these only; repeat' },
      'max-running': {
        type: 'string',
        value: 'N',
        verbs: ['create'],
        text: 'how many of its runs at once; the others wait',
      },
      overlap: {
        type: 'string',
        value: 'TIME',
        verbs: ['rotate'],
        text: 'for how long the old key works on; 0 unless given',
      },
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
    load: async () => (await import('../commands/keys.ts')).keys,
  },
  audit: {
    usage: 'audit [verify] [options]',
    summary: 'who changed what, newest first; "verify" proves that nothing was taken out',
    options: onlyFor([''], {
      by: { type: 'string', value: 'EMAIL', text: 'what this user did' },
      action: { type: 'string', value: 'ACTION', text: 'only this: user.create, secret.read, key.revoke, ...' },
      subject: { type: 'string', value: 'ID', text: 'what was done to this user, key, image or secret' },
      from: { type: 'string', value: 'WHEN', text: 'not before: 2026-01-31T12:00:00Z' },
      to: { type: 'string', value: 'WHEN', text: 'not after' },
      limit: { type: 'string', value: 'N', text: 'how many; 20 unless given' },
      after: { type: 'string', value: 'CURSOR', text: 'the older ones behind a page' },
    }),
    notes: [
      'Each record holds the hash of the one before. Keep the head that "verify" prints elsewhere: it proves the past later.',
      'Who started or stopped a run stands in the run itself: runvoy status.',
    ],
    examples: ['runvoy audit --action secret.read --by ann@example.com', 'runvoy audit verify'],
    words: { least: 0, most: 1 },
    load: async () => (await import('../commands/audit.ts')).audit,
  },
  whoami: {
    usage: 'whoami',
    summary: 'as whom the server sees you',
    options: {},
    examples: ['runvoy whoami'],
    words: { least: 0, most: 0 },
    load: async () => (await import('../commands/whoami.ts')).whoami,
  },
  can: {
    usage: 'can <permission> [execution:<id> | secret:<name> | playbook:<name>]',
    summary: 'ask whether you may, and by which rule; exit code 0 = yes, 1 = no',
    options: {},
    examples: ['runvoy can users.create', 'runvoy can secret.use secret:github'],
    words: { least: 1, most: 2 },
    load: async () => (await import('../commands/can.ts')).can,
  },
  secrets: {
    usage:
      'secrets create | list | get | update | delete | grant | ungrant | key | rotate-key | reseal [options] [words]',
    summary: 'values that runs are given by name',
    options: {
      description: { type: 'string', value: 'TEXT', verbs: ['create', 'update'], text: 'what it is for' },
      variable: { type: 'string', value: 'NAME', verbs: ['update'], text: 'the variable that runs find it in' },
      'key-name': { type: 'string', value: 'NAME', verbs: ['update'], text: 'the same, as runvoy calls it' },
      value: { type: 'string', value: 'V', verbs: ['update'], text: 'the new value' },
      'new-value': { type: 'boolean', verbs: ['update'], text: 'ask for the new value, or read it from stdin' },
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
    load: async () => (await import('../commands/secrets.ts')).secrets,
  },
};
