import type { DeadLetterBody, DeadLetterDetails } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { counted, grouped } from '@runvoy/sdk/texts';
import { deadLetterTable } from '../dead-letter-table.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { oneLine } from '../one-line.ts';
import { usageProblem } from '../problem.ts';
import { printableJson } from '../printable-json.ts';

const PAGE = 100;
const DEFAULT_LIMIT = 20;

interface Verb {
  readonly words: readonly [least: number, most: number];
  readonly usage: string;
  readonly run: (api: RunvoyClient, ids: readonly string[], invocation: Invocation) => Promise<void>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  list: { words: [0, 0], usage: 'list [--limit N]', run: list },
  show: { words: [1, 1], usage: 'show <id>', run: show },
  replay: { words: [1, Infinity], usage: 'replay <id>...', run: replay },
  drop: { words: [1, Infinity], usage: 'drop <id>...', run: drop },
};

/** `runvoy dead-letters`: events that nobody could carry out. */
export async function deadLetters(invocation: Invocation): Promise<number> {
  const [name = '', ...ids] = invocation.words;
  const verb = Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (!verb) throw usageProblem(`There is no "dead-letters ${name}"; there are: ${Object.keys(VERBS).join(', ')}.`);
  const [least, most] = verb.words;
  if (ids.length < least || ids.length > most) throw usageProblem(`Usage: runvoy dead-letters ${verb.usage}`);
  await verb.run(openApi(await openConnection(invocation)), ids, invocation);
  return EXIT.ok;
}

async function list(api: RunvoyClient, _: readonly string[], { options, terminal }: Invocation): Promise<void> {
  const limit = readLimit(options.text('limit'));
  const listed: DeadLetterBody[] = [];
  let after: string | undefined;
  let count = 0;
  do {
    const page = await api.deadLetters({ limit: Math.min(PAGE, limit - listed.length), after });
    listed.push(...page.dead_letters);
    ({ next: after, count } = page);
  } while (after !== undefined && listed.length < limit);
  const { stdout, stderr } = terminal;
  if (options.flag('json')) return void stdout.write(`${JSON.stringify({ dead_letters: listed, count })}\n`);
  if (listed.length === 0) return void stderr.write('no dead letters\n');
  const screen = stdout.isTTY ? { columns: stdout.columns || 80, nowMs: Date.now() } : undefined;
  stdout.write(`${deadLetterTable(listed, screen).join('\n')}\n`);
  const more = count - listed.length;
  if (more > 0) stderr.write(`${grouped(more)} more; --limit 0 lists all\n`);
}

function readLimit(text: string | undefined): number {
  if (text !== undefined && !/^\d{1,9}$/.test(text))
    throw usageProblem(`--limit takes a whole number, 0 or more; got "${text}".`);
  const limit = text === undefined ? DEFAULT_LIMIT : Number(text);
  return limit === 0 ? Infinity : limit;
}

async function show(api: RunvoyClient, [id = '']: readonly string[], { options, terminal }: Invocation): Promise<void> {
  const letter = await api.deadLetter(id);
  if (options.flag('json')) return void terminal.stdout.write(`${JSON.stringify(letter)}\n`);
  for (const [name, value] of facts(letter)) {
    if (value !== undefined) terminal.stdout.write(`${`${name}:`.padEnd(14)}${oneLine(value)}\n`);
  }
  if (letter.event === undefined) terminal.stdout.write('Event:        too large, it was not kept\n');
  else terminal.stdout.write(`\n${printableJson(letter.event)}\n`);
}

function facts(letter: DeadLetterDetails): readonly (readonly [string, string | undefined])[] {
  const { settled } = letter;
  return [
    ['Dead letter', letter.dead_letter_id],
    ['State', settled ? `${letter.state} by ${settled.by} at ${settled.at}` : letter.state],
    ['Reason', letter.reason],
    ['Type', letter.type],
    ['Event', `${letter.event_id} from ${letter.source}`],
    ['Subject', letter.subject],
    ['Happened', letter.event_time],
    ['Refused by', letter.route],
    ['Put aside', `${letter.died_at}, at attempt ${grouped(letter.attempts)}`],
    ['Times', letter.deaths === 1 ? undefined : `${letter.deaths}, first at ${letter.first_died_at}`],
    ['Sent again', letter.replays === 0 ? undefined : counted(letter.replays, 'time')],
    ['Kept until', letter.expires_at],
  ];
}

async function replay(api: RunvoyClient, ids: readonly string[], { options, terminal }: Invocation): Promise<void> {
  for (const id of ids) {
    const answer = await api.replayDeadLetter(id);
    if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(answer)}\n`);
    else terminal.stderr.write(`${oneLine(id)} ${answer.sent ? 'was sent again' : 'is sent again by the next tick'}\n`);
  }
}

async function drop(api: RunvoyClient, ids: readonly string[], { options, terminal }: Invocation): Promise<void> {
  for (const id of ids) {
    const answer = await api.dropDeadLetter(id);
    if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(answer)}\n`);
    else terminal.stderr.write(`${oneLine(id)} was dropped\n`);
  }
}
