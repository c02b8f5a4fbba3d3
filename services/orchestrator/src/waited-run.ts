import { stateLog, awaitEnd, readTails, type Execution } from '@runvoy/core';
import type { RunOutcome, TerminalStatus } from '@runvoy/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { OrchestratorDeps } from './deps.ts';

/** The longest that a request waits for the end of its run. */
const WAIT_MAX_S = 60;
/** Of each stream an answer holds so much of the end: enough to see what went wrong, little enough for any client. */
const TAIL_BYTES = 16 * 1024;

/** Seconds of a `Prefer: wait=N`, cut to the longest there is; undefined when the caller does not want to wait. RFC 7240. */
export function preferredWait(header: string | string[] | undefined): number | undefined {
  const preferences = [header ?? []].flat().join(',').split(',');
  for (const preference of preferences) {
    const [, seconds] = /^\s*wait\s*=\s*"?(\d{1,9})"?\s*(?:;.*)?$/i.exec(preference) ?? [];
    if (seconds !== undefined) return Math.min(Number(seconds), WAIT_MAX_S);
  }
  return undefined;
}

/** Holds requests until their runs have ended; all of them are let go when the server closes. */
export class WaitedRuns {
  readonly #deps: OrchestratorDeps;
  readonly #closing = new AbortController();

  constructor(app: FastifyInstance, deps: OrchestratorDeps) {
    this.#deps = deps;
    app.addHook('preClose', async () => this.#closing.abort());
  }

  /** The outcome, when the run ends within `seconds` and while the caller is there; otherwise `undefined`, and the run goes on. */
  async outcome(request: FastifyRequest, executionId: string, seconds: number): Promise<RunOutcome | undefined> {
    const gone = new AbortController();
    request.raw.socket.once('close', () => gone.abort());
    const signal = AbortSignal.any([this.#closing.signal, gone.signal, AbortSignal.timeout(seconds * 1000)]);
    try {
      const execution = await awaitEnd(this.#deps.records, executionId, signal);
      return execution && (await outcomeOf(this.#deps, execution));
    } catch (error) {
      // The run was accepted: whatever fails here, the answer says so, and the caller asks again.
      const about = { execution_id: executionId, error };
      this.#deps.logger.warn('a wait for the end of a run failed; the run goes on', about);
      return undefined;
    }
  }
}

async function outcomeOf(deps: OrchestratorDeps, execution: Execution): Promise<RunOutcome> {
  const [assessment, tails] = await Promise.all([
    stateLog(deps, execution),
    readTails(deps, execution.execution_id, TAIL_BYTES),
  ]);
  const { stdout, stderr, through } = tails;
  return {
    status: execution.status as TerminalStatus,
    exit_code: execution.exit_code ?? 1,
    ...(execution.reason === undefined ? {} : { reason: execution.reason }),
    stdout: stdout.text,
    stderr: stderr.text,
    ...(stdout.cut ? { stdout_cut: true } : {}),
    ...(stderr.cut ? { stderr_cut: true } : {}),
    completeness: assessment.completeness,
    after: through,
  };
}
