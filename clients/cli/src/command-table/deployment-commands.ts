import type { Command } from '../command.ts';

/** Servers as a whole: started, kept, moved and deployed. */
export const DEPLOYMENT_COMMANDS: Readonly<Record<string, Command>> = {
  local: {
    usage: 'local [login | reset] [options]',
    summary: 'start a server on this machine; "login" prints a sign-in link, "reset" deletes its data',
    options: {
      port: { type: 'string', value: 'N', verbs: [''], text: 'port to listen on' },
      host: { type: 'string', value: 'ADDRESS', verbs: [''], text: 'address to listen on; loopback unless given' },
      'no-first-run': { type: 'boolean', verbs: [''], text: 'do not run a first command' },
      yes: { type: 'boolean', short: 'y', verbs: ['reset'], text: 'do not ask' },
    },
    notes: ["'reset' deletes what runvoy made in the data directory; what else lies there stays."],
    examples: ['runvoy local', 'runvoy local --port 8080 --data-dir ./data --json', 'runvoy local login'],
    words: { least: 0, most: 1 },
    load: async () => (await import('../commands/local.ts')).local,
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
    load: async () => (await import('../commands/backup.ts')).backup,
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
    load: async () => (await import('../commands/backup.ts')).restore,
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
    load: async () => (await import('../commands/export.ts')).exportAll,
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
    load: async () => (await import('../commands/import.ts')).importAll,
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
    load: async () => (await import('../commands/infra.ts')).infra,
  },
};
