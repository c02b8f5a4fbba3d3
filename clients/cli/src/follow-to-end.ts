import type { RunAnswer } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { followRun } from '@runvoy/sdk/follow';
import { closingLine } from './closing-line.ts';
import { endFrame } from './end-frame.ts';
import { errorText } from './error-text.ts';
import { EXIT } from './exit-code.ts';
import { leaveCode, leaveText } from './leave.ts';
import { dialLiveView } from './live-socket.ts';
import { logSink, showRun, type Followed } from './log-sink.ts';
import { logVerdictText } from './log-verdict-text.ts';
import { newTally } from './new-tally.ts';
import { Problem } from './problem.ts';
import { placeEveryMs, QueueWatch } from './queue-watch.ts';
import type { RunControl } from './run-control.ts';
import { exitCodeOf, outcomeOf } from './run-outcome.ts';
import type { Screen } from './screen.ts';
import { StateNotes } from './state-notes.ts';
import type { Terminal } from './terminal.ts';

interface Accepted {
  readonly api: RunvoyClient;
  readonly screen: Screen;
  readonly control: RunControl;
  readonly answer: RunAnswer;
  readonly json: boolean;
  readonly terminal: Terminal;
}

/** Follows an accepted run, says how it ended, and resolves with the exit code. */
export async function followToEnd({ api, screen, control, answer, json, terminal }: Accepted): Promise<number> {
  const { execution_id: id, websocket_url: url, view_url } = answer;
  const { websocket_url: _, log_url: __, ...shown } = answer;
  // Without the address of the live view: it is a credential, and output is kept.
  if (json) screen.json([{ type: 'started', ...shown }]);
  screen.say(`started ${id}`);
  const notes = new StateNotes(screen, terminal.stderr.isTTY);
  notes.status({ type: 'status', status: answer.status });
  const tally = newTally();
  const signal = AbortSignal.any([control.left, screen.readerGone]);
  const queue = new QueueWatch({ api, notes, everyMs: placeEveryMs(terminal.stderr.isTTY) }, id);
  let end: Followed;
  try {
    const events = followRun(api, id, { url: url || undefined, tally, signal, connect: dialLiveView });
    end = await showRun(events, logSink(screen, queue, json));
  } catch (cause) {
    throw new Problem(`${errorText(cause)}. The run may go on: runvoy status ${id}`, { cause });
  } finally {
    queue.close();
    notes.close();
  }
  if (typeof end === 'string') {
    if (json) screen.json([{ type: 'left', execution_id: id, stop: control.leave.stop }]);
    return unknown(end, screen, id, control);
  }
  const outcome = { isolation: answer.isolation, ...outcomeOf(end) };
  const code = exitCodeOf(outcome);
  if (json) screen.json([endFrame(id, end, outcome)]);
  const line = closingLine(outcome, logVerdictText(tally, end), view_url);
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
