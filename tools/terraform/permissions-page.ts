import { accountEmail, GRANTS } from '@runvoy/google-fakes';
import { roleTable, type Scope } from './role-table.ts';

/** What a role holds on, in words. */
const ON: Readonly<Record<Scope, string>> = {
  project: 'the project',
  database: 'the database `runvoy`',
  secrets: 'secrets named `runvoy-secrets…`',
  run_logs: 'the view of the run logs',
  job_account: "the jobs' accounts",
  events_topic: 'the topic `runvoy-events`',
  dead_letter_topic: 'the topic `runvoy-events-dead-letters`',
  archive: 'the bucket of the archive',
  processor: 'the service `runvoy-processor`',
};

/** `docs/google-permissions.md`: the table of permissions, as somebody reads it who has to approve a deployment. */
export function permissionsPage(): string {
  const rows = roleTable();
  const accounts = Object.keys(GRANTS) as (keyof typeof GRANTS)[];
  const sections = accounts.map((account) => {
    const own = rows.filter((row) => row.account === account);
    const table = own.flatMap(({ scope, permissions }) => [
      `On ${ON[scope]}:`,
      '',
      ...permissions.map((permission) => `- \`${permission}\``),
      '',
    ]);
    const text = own.length === 0 ? ['Nothing: what a run needs is in the answer to its bootstrap.', ''] : table;
    return [`## ${account}`, '', `\`${accountEmail(account, '<project>')}\``, '', ...text].join('\n');
  });
  return `# What each account may do on Google Cloud

Made from the table that the fakes check every call against (\`libs/google-fakes/src/permissions.ts\`) by \`node tools/write-terraform.ts\`. Terraform
makes one custom role of each list below, and grants it to that account, there. Nothing else is granted to runvoy's accounts, but
\`roles/eventarc.eventReceiver\` to the caller's, which Eventarc asks for.

What Google's own agents are granted: publishing to the dead letters and taking from the pushes (Pub/Sub), tokens of the caller's account
(Pub/Sub), writing to a topic, a log bucket or a dataset (the writer of that sink alone), and the use of a store's key, where it has one.

${sections.join('\n')}`;
}
