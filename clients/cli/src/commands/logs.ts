import { isTerminal } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { followRun, type LogEnd, type LogTally } from '@runvoy/sdk/follow';
import { counted, grouped } from '@runvoy/sdk/texts';
import { closingLine } from '../closing-line.ts';
import { openConnection } from '../connection.ts';
import { endFrame } from '../end-frame.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { dialLiveView } from '../live-socket.ts';
import { logSink, showRun } from '../log-sink.ts';
import { logVerdictText } from '../log-verdict-text.ts';
import { newTally } from '../new-tally.ts';
import { cursorOf, readLogStart } from '../log-start.ts';
import type { Options } from '../options.ts';
import { openApi } from '../open-api.ts';
import { usageProblem } from '../problem.ts';
import { placeEveryMs, QueueWatch } from '../queue-watch.ts';
import { outcomeOf, type RunOutcome } from '../run-outcome.ts';
import { readStored } from '../read-stored.ts';
import { Screen } from '../screen.ts';
import { StateNotes } from '../state-notes.ts';
import { searchLog } from './search-log.ts';
import { verifyLog } from './verify-log.ts';

interface Reading {
  readonly api: RunvoyClient;
  readonly id: string;
  readonly screen: Screen;
  readonly tally: LogTally;
  readonly json: boolean;
}

/** `runvoy logs`: what is stored of a log, or with `-f` the log to its end. */
export async function logs(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const aim = readAim(options);
  if (aim === 'verify') return verifyLog(invocation);
  if (aim !== undefined) return searchLog(invocation);
  const start = readLogStart(options, Date.now());
  const api = openApi(await openConnection(invocation));
  const after = await cursorOf(api, words[0] ?? '', start);
  const screen = new Screen(terminal, { timestamps: options.flag('timestamps') });
  const reading = { api, id: words[0] ?? '', screen, tally: newTally(after), json: options.flag('json') };
  return options.flag('follow') ? follow(reading, terminal.stderr.isTTY) : printStored(reading);
}

const AIMS = ['search', 'first-error', 'verify'] as const;
/** What says how lines are shown, or where the log begins: of no use to those. */
const OTHERS = ['follow', 'tail', 'since', 'timestamps'] as const;

/** What else than the log is wanted. */
function readAim(options: Options): (typeof AIMS)[number] | undefined {
  const isGiven = (name: string) => options.flag(name) || options.text(name) !== undefined;
  const [aim, second] = AIMS.filter(isGiven);
  const other = second ?? (aim && OTHERS.find(isGiven)) ?? (aim === 'verify' && isGiven('after') ? 'after' : undefined);
  if (aim && other) throw usageProblem(`--${aim} and --${other} do not go together.`);
  const lost = ['regex', 'ignore-case', 'stream'].find((name) => aim !== 'search' && isGiven(name));
  if (lost) throw usageProblem(`--${lost} says how to --search.`);
  if (isGiven('context') && (aim === undefined || aim === 'verify')) {
    throw usageProblem('--context goes with --search or --first-error.');
  }
  return aim;
}

const LEAVING = ['SIGINT', 'SIGTERM'] as const;

async function follow({ api, id, screen, tally, json }: Reading, isTerminalOutput: boolean): Promise<number> {
  const left = new AbortController();
  const leave = () => left.abort();
  const notes = new StateNotes(screen, isTerminalOutput);
  for (const name of LEAVING) process.once(name, leave);
  const queue = new QueueWatch({ api, notes, everyMs: placeEveryMs(isTerminalOutput) }, id);
  const signal = AbortSignal.any([left.signal, screen.readerGone]);
  const events = followRun(api, id, { tally, signal, connect: dialLiveView });
  const end = await showRun(events, logSink(screen, queue, json)).finally(() => {
    queue.close();
    notes.close();
    for (const name of LEAVING) process.off(name, leave);
  });
  if (typeof end !== 'string') return printEnd({ api, id, screen, tally, json }, outcomeOf(end), end);
  if (end === 'left') screen.say('left; the run goes on');
  else screen.say('the server was not heard of for too long', 'red');
  return end === 'left' ? EXIT.ok : EXIT.failed;
}

async function printStored(reading: Reading): Promise<number> {
  const { api, id, screen, tally, json } = reading;
  const page = await readStored(api, id, tally, logSink(screen, undefined, json), screen.readerGone);
  if (!page) return EXIT.ok;
  const outcome = await api.status(id);
  if (!isTerminal(page.status) || page.next_after !== undefined || !isTerminal(outcome.status)) {
    const state = isTerminal(page.status) ? 'ended, its log is not settled yet' : page.status.toLowerCase();
    screen.say(`${state} · ${soFar(tally)} · follow it: runvoy logs -f ${id}`);
    return EXIT.ok;
  }
  const { lines = tally.cursor, sha256 = null, completeness = 'unproven' } = outcome.log ?? {};
  return printEnd(reading, outcome, {
    lines,
    sha256: page.sha256 ?? sha256,
    completeness: page.completeness ?? completeness,
  });
}

/** How many lines there are before `--after` is not known until the log has ended. */
function soFar({ lines, cursor }: LogTally): string {
  return lines === 0 && cursor > 0
    ? `nothing after line ${grouped(cursor)} so far`
    : `${counted(cursor, 'line')} so far`;
}

/** The exit code is about the log, not about the run: whether everything there was to read has been read. */
function printEnd({ id, screen, tally, json }: Reading, outcome: RunOutcome, end: LogEnd): number {
  const verdict = tally.judge(end);
  if (json) screen.json([endFrame(id, { ...end, verdict }, outcome)]);
  const isBroken = verdict === 'gaps' || verdict === 'mismatch';
  screen.say(closingLine(outcome, logVerdictText(tally, end)), isBroken ? 'red' : 'dim');
  return isBroken ? EXIT.failed : EXIT.ok;
}
