import { isTerminal, type LogEventBody, type LogLine, type LogsBody } from '@runvoy/protocol';
import { RunvoyApi } from '../api.ts';
import { closingLine } from '../closing-line.ts';
import { openConnection } from '../connection.ts';
import { counted } from '../counted.ts';
import { readOutcome } from '../ended-run.ts';
import { EXIT } from '../exit-code.ts';
import { followRun, type RunSink } from '../follow-run.ts';
import type { Invocation } from '../invocation.ts';
import { readLiveStream } from '../live-stream.ts';
import { logSink } from '../log-sink.ts';
import { LogTally, type LogEnd } from '../log-tally.ts';
import { logVerdictText } from '../log-verdict-text.ts';
import { pause } from '../pause.ts';
import { usageProblem } from '../problem.ts';
import { exitCodeOf, type RunOutcome } from '../run-outcome.ts';
import { Screen } from '../screen.ts';
import { StateNotes } from '../state-notes.ts';

const PAGE_LINES = 1_000;

interface Reading {
  readonly api: RunvoyApi;
  readonly id: string;
  readonly screen: Screen;
  readonly tally: LogTally;
  readonly json: boolean;
}

/** `runvoy logs`: what is stored of a log, or with `-f` the log to its end. */
export async function logs(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const after = readAfter(options.text('after'));
  const api = new RunvoyApi(await openConnection(invocation));
  const screen = new Screen(terminal, { timestamps: options.flag('timestamps') });
  const reading = { api, id: words[0] ?? '', screen, tally: new LogTally(after), json: options.flag('json') };
  if (options.flag('follow')) await follow(reading, terminal.stderr.isTTY);
  else await printStored(reading);
  return EXIT.ok;
}

async function follow({ api, id, screen, tally, json }: Reading, isTerminalOutput: boolean): Promise<void> {
  const left = new AbortController();
  const leave = () => left.abort();
  const notes = new StateNotes(screen, isTerminalOutput);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);
  const deps = { api, readStream: readLiveStream, pause, now: Date.now, random: Math.random };
  const signal = AbortSignal.any([left.signal, screen.readerGone]);
  const end = await followRun(deps, { id, tally }, logSink(screen, notes, json), signal).finally(() => notes.close());
  if (end.kind === 'left') screen.say('left; the run goes on');
  else if (end.kind === 'silent') screen.say('the server was not heard of for too long', 'red');
  else await printEnd({ api, id, screen, tally, json }, await readOutcome(api, id, end.last), end.end);
}

async function printStored(reading: Reading): Promise<void> {
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
    if (screen.readerGone.aborted) return;
  } while (page.next_after !== undefined && count > 0);
  const outcome = await api.status(id);
  if (!isTerminal(page.status) || page.next_after !== undefined || !isTerminal(outcome.status)) {
    const state = isTerminal(page.status) ? 'ended, its log is not settled yet' : page.status.toLowerCase();
    screen.say(`${state} · ${counted(tally.cursor, 'line')} so far · follow it: runvoy logs -f ${id}`);
    return;
  }
  const { lines = tally.cursor, sha256 = null, completeness = 'unproven' } = outcome.log ?? {};
  await printEnd(reading, outcome, {
    lines,
    sha256: page.sha256 ?? sha256,
    completeness: page.completeness ?? completeness,
  });
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

async function printEnd({ id, screen, tally, json }: Reading, outcome: RunOutcome, end: LogEnd): Promise<void> {
  const { lines, sha256, completeness } = end;
  const { status, reason, duration_ms, isolation } = outcome;
  if (json) {
    const verified = tally.judge(end) === 'verified';
    screen.json([
      {
        type: 'end',
        execution_id: id,
        status,
        exit_code: exitCodeOf(outcome),
        reason,
        duration_ms,
        lines,
        sha256,
        completeness,
        verified,
        isolation,
      },
    ]);
  }
  screen.say(closingLine(outcome, logVerdictText(tally, end)));
}

function lineOf({ event_id, timestamp, message, stream, partial }: LogEventBody): LogLine {
  return { seq: Number(event_id), stream, ms: timestamp, text: message, ...(partial && { partial }) };
}

function readAfter(text: string | undefined): number {
  if (text === undefined) return 0;
  if (!/^\d{1,12}$/.test(text)) throw usageProblem(`--after takes the number of a line; got "${text}".`);
  return Number(text);
}
