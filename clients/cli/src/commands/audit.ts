import type { AuditBody, ListAuditAnswer, VerifyAuditAnswer } from '@runvoy/protocol';
import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { printListing, type Shown } from '../listing.ts';
import { oneLine } from '../one-line.ts';
import { usageProblem } from '../problem.ts';

const COLUMNS: readonly Shown<AuditBody>[] = [
  { title: 'No', cell: ({ seq }) => String(seq) },
  { title: 'When', cell: ({ at }, time) => time(at) },
  { title: 'Who', cuts: { turn: 2, least: 10 }, cell: ({ by }) => by },
  { title: 'Did', cell: ({ action }) => action },
  { title: 'To', cell: ({ subject }) => subject },
  { title: 'Details', cuts: { turn: 1, least: 8 }, cell: detailsText },
];

/** `runvoy audit [verify]`: who changed what, newest first; `verify` proves that nothing was taken out or changed. */
export async function audit(invocation: Invocation): Promise<number> {
  const { words, options } = invocation;
  const [verb] = words;
  const api = openApi(await openConnection(invocation));
  if (verb === 'verify') return printVerdict(await api.verifyAudit(), invocation);
  if (verb !== undefined) throw usageProblem(`There is no "audit ${verb}"; there are: audit, audit verify.`);
  const names = ['subject', 'by', 'action', 'from', 'to', 'limit', 'after'] as const;
  const query = names.flatMap((name) => {
    const value = options.text(name);
    return value === undefined ? [] : [[name, value] as const];
  });
  return printPage(await api.audit(Object.fromEntries(query)), invocation);
}

function printPage(page: ListAuditAnswer, invocation: Invocation): number {
  const { options, terminal } = invocation;
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(page)}\n`);
  else {
    printListing(invocation, page.records, COLUMNS, 'no records');
    if (page.next !== undefined) terminal.stderr.write(`older ones: --after ${page.next}\n`);
  }
  return EXIT.ok;
}

function printVerdict(verdict: VerifyAuditAnswer, { options, terminal }: Invocation): number {
  const { intact, records, head, broken } = verdict;
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(verdict)}\n`);
  else if (intact) terminal.stdout.write(`intact: ${records} records, head ${head}\n`);
  else terminal.stdout.write(`BROKEN at record ${broken?.seq}: ${oneLine(broken?.why ?? '')}\n`);
  return intact ? EXIT.ok : EXIT.failed;
}

function detailsText({ details = {} }: AuditBody): string {
  return Object.entries(details)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
