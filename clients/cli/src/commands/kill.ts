import { isTerminal, type ExecutionStatusBody } from '@runvoy/protocol';
import { type RunvoyClient, RunvoyError, pause } from '@runvoy/sdk/client';
import { askToStop } from '../ask-to-stop.ts';
import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { readDurationS } from '../read-duration.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import type { Options } from '../options.ts';
import { Problem, usageProblem } from '../problem.ts';
import { exitCodeOf } from '../run-outcome.ts';
import { Screen } from '../screen.ts';
import { StateNotes } from '../state-notes.ts';
import { stopSteps } from '@runvoy/sdk/texts';

const POLL_MS = 300;
const SILENCE_MS = 5 * 60_000;

/** `runvoy kill`: asks for a stop; with `--wait` stays until nothing of the run lives. */
export async function kill(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const id = words[0] ?? '';
  const graceS = graceOf(options);
  const api = openApi(await openConnection(invocation));
  const screen = new Screen(terminal);
  const asked = await askToStop(api, id, graceS);
  const state = options.flag('wait') ? await untilEnded(api, id, screen, terminal.stderr.isTTY) : await api.status(id);
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(state)}\n`);
  else terminal.stdout.write(`${resultText(asked, state, options.flag('wait'))}\n`);
  return EXIT.ok;
}

/** Seconds, or undefined for the run's own. */
function graceOf(options: Options): number | undefined {
  const grace = options.text('grace');
  if (!options.flag('force')) return grace === undefined ? undefined : readDurationS(grace, '--grace');
  if (grace !== undefined) throw usageProblem('--force and --grace exclude each other: --force is --grace 0.');
  return 0;
}

function resultText(asked: 'requested' | 'already', state: ExecutionStatusBody, hasWaited: boolean): string {
  const { status, cancel, execution_id: id } = state;
  if (!isTerminal(status)) {
    const what = asked === 'requested' ? 'stop requested' : 'already being stopped';
    return `${what}: ${id}${hasWaited ? '' : ' (kill --wait stays until it is gone)'}`;
  }
  if (status === 'STOPPED' && cancel && (asked === 'requested' || hasWaited))
    return `stopped: ${id} (${stopSteps(cancel)})`;
  const ending = `${status.toLowerCase()}, exit ${exitCodeOf(state)}`;
  return asked === 'already'
    ? `already ended: ${id} (${ending})`
    : `ended by itself before the stop: ${id} (${ending})`;
}

async function untilEnded(
  api: RunvoyClient,
  id: string,
  screen: Screen,
  isTerminalOutput: boolean,
): Promise<ExecutionStatusBody> {
  const notes = new StateNotes(screen, isTerminalOutput);
  let heardAtMs = Date.now();
  try {
    for (;;) {
      const state = await api.status(id, { tries: 1 }).catch(laterIfItMayPass);
      if (state) {
        heardAtMs = Date.now();
        const { status, waiting_for, cancel } = state;
        if (isTerminal(status)) return state;
        notes.status({ type: 'status', status, ...(waiting_for && { waiting_for }), ...(cancel && { cancel }) });
      } else if (Date.now() - heardAtMs > SILENCE_MS) {
        throw new Problem(`the server was not heard of for too long; the stop was requested: runvoy status ${id}`);
      }
      await pause(POLL_MS);
    }
  } finally {
    notes.close();
  }
}

function laterIfItMayPass(error: unknown): undefined {
  if (error instanceof RunvoyError && (error.mayPass || error.status >= 500)) return undefined;
  throw error;
}
