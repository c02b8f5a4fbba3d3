import { isTerminal, type LogLine, type LogsBody } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { followRun, lineOf, PAGE_LINES, type LogEnd, type LogTally } from '@runvoy/sdk/follow';
import { counted, grouped } from '@runvoy/sdk/texts';
import { closingLine } from '../closing-line.ts';
import { openConnection } from '../connection.ts';
import { endFrame } from '../end-frame.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { dialLiveView } from '../live-socket.ts';
import { logSink, showRun, type RunSink } from '../log-sink.ts';
import { logVerdictText } from '../log-verdict-text.ts';
import { newTally } from '../new-tally.ts';
import { cursorOf, readLogStart } from '../log-start.ts';
import { openApi } from '../open-api.ts';
import { placeEveryMs, QueueWatch } from '../queue-watch.ts';
import { outcomeOf, type RunOutcome } from '../run-outcome.ts';
import { Screen } from '../screen.ts';
import { StateNotes } from '../state-notes.ts';

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
  const start = readLogStart(options, Date.now());
  const api = openApi(await openConnection(invocation));
  const after = await cursorOf(api, words[0] ?? '', start);
  const screen = new Screen(terminal, { timestamps: options.flag('timestamps') });
  const reading = { api, id: words[0] ?? '', screen, tally: newTally(after), json: options.flag('json') };
  return options.flag('follow') ? follow(reading, terminal.stderr.isTTY) : printStored(reading);
}

async function follow({ api, id, screen, tally, json }: Reading, isTerminalOutput: boolean): Promise<number> {
  const left = new AbortController();
  const leave = () => left.abort();
  const notes = new StateNotes(screen, isTerminalOutput);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
  const queue = new QueueWatch({ api, notes, everyMs: placeEveryMs(isTerminalOutput) }, id);
  const signal = AbortSignal.any([left.signal, screen.readerGone]);
  const events = followRun(api, id, { tally, signal, connect: dialLiveView });
  const end = await showRun(events, logSink(screen, queue, json)).finally(() => {
    queue.close();
    notes.close();
  });
  if (typeof end !== 'string') return printEnd({ api, id, screen, tally, json }, outcomeOf(end), end);
  if (end === 'left') screen.say('left; the run goes on');
  else screen.say('the server was not heard of for too long', 'red');
  return end === 'left' ? EXIT.ok : EXIT.failed;
}

async function printStored(reading: Reading): Promise<number> {
  const { api, id, screen, tally, json } = reading;
  const sink = logSink(screen, undefined, json);
  let page: LogsBody;
  let count: number;
  do {
    page = await api.logPage(id, tally.cursor, PAGE_LINES);
    const lines = (page.events ?? []).map(lineOf);
    count = lines.length;
    printPage(lines, sink, tally);
    await screen.full();
    if (screen.readerGone.aborted) return EXIT.ok;
  } while (page.next_after !== undefined && count > 0);
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

/** What is missing of a stored log is named where it is missing. */
function printPage(lines: readonly LogLine[], sink: RunSink, tally: LogTally): void {
  for (;;) {
    const { fresh, isWhole } = tally.take(lines);
    if (fresh.length > 0) sink.lines(fresh);
    if (isWhole) return;
    const next = lines.find((line) => line.seq > tally.cursor);
    const gap = next && tally.skip(next.seq - 1);
    if (gap) sink.gap(gap);
  }
}

/** The exit code is about the log, not about the run: whether everything there was to read has been read. */
function printEnd({ id, screen, tally, json }: Reading, outcome: RunOutcome, end: LogEnd): number {
  const verdict = tally.judge(end);
  if (json) screen.json([endFrame(id, { ...end, verdict }, outcome)]);
  const isBroken = verdict === 'gaps' || verdict === 'mismatch';
  screen.say(closingLine(outcome, logVerdictText(tally, end)), isBroken ? 'red' : 'dim');
  return isBroken ? EXIT.failed : EXIT.ok;
}
