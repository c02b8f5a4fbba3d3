import type { RunAnswer } from '@runvoy/protocol';
import type { RunvoyApi } from './api.ts';
import { closingLine } from './closing-line.ts';
import { readOutcome } from './ended-run.ts';
import { EXIT } from './exit-code.ts';
import { followRun, type FollowEnd } from './follow-run.ts';
import { leaveCode, leaveText } from './leave.ts';
import { readLiveStream } from './live-stream.ts';
import { logSink } from './log-sink.ts';
import { LogTally } from './log-tally.ts';
import { logVerdictText } from './log-verdict-text.ts';
import { pause } from './pause.ts';
import { Problem } from './problem.ts';
import { QueueWatch } from './queue-watch.ts';
import type { RunControl } from './run-control.ts';
import { exitCodeOf } from './run-outcome.ts';
import type { Screen } from './screen.ts';
import { StateNotes } from './state-notes.ts';
import type { Terminal } from './terminal.ts';

/** How often the place of a run that waits for a slot is asked for; elsewhere than on a terminal each new one is a line. */
const PLACE_MS = { terminal: 2_000, pipe: 10_000 } as const;

interface Followed {
  readonly api: RunvoyApi;
  readonly screen: Screen;
  readonly control: RunControl;
  readonly answer: RunAnswer;
  readonly json: boolean;
  readonly terminal: Terminal;
}

/** Follows an accepted run, says how it ended, and resolves with the exit code. */
export async function followToEnd({ api, screen, control, answer, json, terminal }: Followed): Promise<number> {
  const { execution_id: id, websocket_url: url, view_url } = answer;
  const { websocket_url: _, log_url: __, ...shown } = answer;
  // Without the address of the live view: it is a credential, and output is kept.
  if (json) screen.json([{ type: 'started', ...shown }]);
  screen.say(`started ${id}`);
  const notes = new StateNotes(screen, terminal.stderr.isTTY);
  notes.status({ type: 'status', status: answer.status });
  const tally = new LogTally();
  const leaving = AbortSignal.any([control.left, screen.readerGone]);
  const deps = { api, readStream: readLiveStream, pause, now: Date.now, random: Math.random };
  const everyMs = terminal.stderr.isTTY ? PLACE_MS.terminal : PLACE_MS.pipe;
  const queue = new QueueWatch({ api, notes, everyMs }, id);
  const sink = logSink(screen, queue, json);
  let end: FollowEnd;
  try {
    end = await followRun(deps, { id, url: url || undefined, tally }, sink, leaving);
  } catch (cause) {
    throw new Problem(`${(cause as Error).message}. The run may go on: runvoy status ${id}`, { cause });
  } finally {
    queue.close();
    notes.close();
  }
  if (end.kind !== 'ended') {
    if (json) screen.json([{ type: 'left', execution_id: id, stop: control.leave.stop }]);
    return unknown(end.kind, screen, id, control);
  }
  const outcome = await readOutcome(api, id, end.last);
  const code = exitCodeOf(outcome);
  if (json) {
    const { status, reason, duration_ms, isolation = answer.isolation } = outcome;
    const { lines, sha256, completeness } = end.end;
    const verified = tally.judge(end.end) === 'verified';
    screen.json([
      {
        type: 'end',
        execution_id: id,
        status,
        exit_code: code,
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
  const line = closingLine({ isolation: answer.isolation, ...outcome }, logVerdictText(tally, end.end), view_url);
  screen.say(line, code === EXIT.ok ? 'green' : outcome.status === 'STOPPED' ? 'yellow' : 'red');
  return code;
}

function unknown(kind: 'left' | 'silent', screen: Screen, id: string, { leave, left }: RunControl): number {
  if (kind === 'silent')
    screen.say(`the server was not heard of for too long; the outcome is unknown: runvoy status ${id}`, 'red');
  else if (!left.aborted) screen.say(`nobody reads any more; the run goes on as ${id}`);
  else screen.say(leaveText(id, leave), leave.stop === 'none' ? 'dim' : 'red');
  return leaveCode(leave);
}
