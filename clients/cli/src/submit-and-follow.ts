import type { RunAnswer } from '@runvoy/protocol';
import type { CallOptions, RunvoyClient } from '@runvoy/sdk/client';
import { EXIT } from './exit-code.ts';
import type { Invocation } from './invocation.ts';
import { Problem } from './problem.ts';
import { RunControl } from './run-control.ts';
import { Screen } from './screen.ts';
import type { SignalMode } from './signal-policy.ts';
import { stopPatienceMs } from './stop-patience.ts';

/** Under the same key, so that a run whose answer was lost is found again and not started twice. */
const SUBMIT_TRIES = 5;

/** What is handed in, and how. */
export interface Submitting {
  readonly api: RunvoyClient;
  /** Seconds between SIGTERM and SIGKILL, where the command line says so. */
  readonly grace: number | undefined;
  readonly submit: (idempotencyKey: string, call: CallOptions) => Promise<RunAnswer>;
}

/** Hands in a run, follows it to its end and resolves with its code; with `--detach` it leaves as soon as the run is accepted. */
export async function submitAndFollow(invocation: Invocation, { api, grace, submit }: Submitting): Promise<number> {
  const { options, terminal } = invocation;
  const key = options.text('idempotency-key') ?? process.getBuiltinModule('node:crypto').randomUUID();
  const screen = new Screen(terminal);
  const control = new RunControl({
    api,
    screen,
    mode: options.flag('detach') ? 'pipe-detach' : modeOf(invocation),
    patienceMs: stopPatienceMs(grace),
    signals: process,
  });
  try {
    const submitted = submit(key, { tries: SUBMIT_TRIES });
    // Read while the server works: what follows needs the WebSocket client.
    const following = options.flag('detach') ? undefined : import('./follow-to-end.ts');
    following?.catch(() => undefined);
    const answer = await orLeave(submitted, control.left, key);
    if (!following) return printDetached(answer, invocation);
    control.accepted(answer.execution_id);
    const { followToEnd } = await following;
    return await followToEnd({ api, screen, control, answer, json: options.flag('json'), terminal });
  } finally {
    control.close();
  }
}

function modeOf({ options, terminal }: Invocation): SignalMode {
  if (terminal.isInteractive) return 'terminal';
  return options.flag('detach-on-signal') ? 'pipe-detach' : 'pipe';
}

async function orLeave(submitted: Promise<RunAnswer>, left: AbortSignal, key: string): Promise<RunAnswer> {
  const gaveUp = new Promise<never>((_, reject) => {
    const message = `left without an answer; the run may have started. The same command with --idempotency-key ${key} finds it.`;
    left.addEventListener('abort', () => reject(new Problem(message)));
  });
  // Before the answer nothing else can make it leave.
  return Promise.race([submitted, gaveUp]);
}

function printDetached(answer: RunAnswer, { options, terminal }: Invocation): number {
  terminal.stdout.write(`${options.flag('json') ? JSON.stringify(answer) : answer.execution_id}\n`);
  return EXIT.ok;
}
