import type { ExecutionBody, RunAnswer, VerifyLogBody } from '@runvoy/protocol';
import { followLive, type LiveLog } from './follow-live.ts';

export interface SmokeOptions {
  /** Where the API is, without a path. */
  readonly apiUrl: string;
  readonly apiKey: string;
  /** Where the live view is asked, `wss://host`; where the API says unless told. */
  readonly websocketUrl?: string | undefined;
  /** By when everything must have been seen. */
  readonly signal: AbortSignal;
  /** Tells this run from every other. */
  readonly mark: string;
  /** Told what has been seen so far. */
  readonly onStep?: (text: string) => void;
}

const LINES = 200;
const EXIT_CODE = 7;
const POLL_MS = 500;

/** What is wrong with a deployment. */
export class SmokeProblem extends Error {}

/**
 * One real run through the public API: submits a command that prints on both streams and ends with 7, follows it live, and wants every
 * line once and in order, the exit code, and a log that proves to be complete. Throws `SmokeProblem` with what was not so, also when
 * `signal` ends before all was seen.
 */
export async function smokeTest(options: SmokeOptions): Promise<void> {
  const { mark, onStep = () => undefined } = options;
  const command = `i=0; while [ $i -lt ${LINES} ]; do i=$((i + 1)); echo "${mark} $i"; done; echo "${mark} end" >&2; exit ${EXIT_CODE}`;
  const run = await within(
    options,
    'the API takes a run',
    call<RunAnswer>(options, 'POST', '/api/v1/run', { command }),
  );
  onStep(`submitted ${run.execution_id}`);
  const live = await within(
    options,
    'the live view shows the run to its end',
    followLive(liveUrl(run, options), options.signal),
  );
  onStep(`followed ${live.lines.length} lines`);
  expectLines(live, mark);
  const execution = await within(options, 'the run is settled', ended(options, run.execution_id));
  if (execution.status !== 'FAILED' || execution.exit_code !== EXIT_CODE) {
    const { status, exit_code, reason = 'none' } = execution;
    throw new SmokeProblem(
      `The run should be FAILED with ${EXIT_CODE}; it is ${status} with ${exit_code}, reason ${reason}.`,
    );
  }
  onStep(`ended with ${execution.exit_code}`);
  const path = `/api/v1/executions/${run.execution_id}/logs/verify`;
  const log = await within(options, 'the log is verified', call<VerifyLogBody>(options, 'GET', path));
  if (log.completeness !== 'complete' || log.sha256 === undefined || log.sha256 !== log.stored_sha256) {
    throw new SmokeProblem(`The log should be complete; it is ${log.completeness}, of ${log.lines} lines.`);
  }
  onStep(`log of ${log.lines} lines is complete`);
}

function liveUrl({ websocket_url }: RunAnswer, { websocketUrl }: SmokeOptions): string {
  if (websocketUrl === undefined) return websocket_url;
  const { pathname, search } = new URL(websocket_url);
  return `${new URL(websocketUrl).origin}${pathname}${search}`;
}

function expectLines({ lines, end }: LiveLog, mark: string): void {
  const seqs = lines.map(({ seq }) => seq);
  const isWhole = seqs.every((seq, at) => seq === at + 1) && seqs.length === end.lines;
  if (!isWhole) throw new SmokeProblem(`The live view showed ${lines.length} of ${end.lines} lines.`);
  const printed = (stream: string) => lines.flatMap((line) => (line.stream === stream ? [line.text] : []));
  const wanted = Array.from({ length: LINES }, (_, at) => `${mark} ${at + 1}`);
  if (JSON.stringify(printed('stdout')) !== JSON.stringify(wanted)) {
    throw new SmokeProblem(`Standard output is not what the command printed: ${printed('stdout').length} lines.`);
  }
  if (!printed('stderr').includes(`${mark} end`)) throw new SmokeProblem('The line on standard error is missing.');
  if (end.completeness !== 'complete')
    throw new SmokeProblem(`The live view ended with a log that is ${end.completeness}.`);
}

async function ended(options: SmokeOptions, id: string): Promise<ExecutionBody> {
  for (;;) {
    const execution = await call<ExecutionBody>(options, 'GET', `/api/v1/executions/${id}`);
    if (execution.completed_at !== undefined) return execution;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    options.signal.throwIfAborted();
  }
}

async function call<T>(
  { apiUrl, apiKey, signal }: SmokeOptions,
  method: string,
  path: string,
  body?: object,
): Promise<T> {
  const answer = await fetch(apiUrl + path, {
    method,
    headers: { 'x-api-key': apiKey, ...(body && { 'content-type': 'application/json' }) },
    signal,
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok)
    throw new SmokeProblem(`${method} ${path} was answered with ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** Names what was waited for when the time was over. */
async function within<T>({ signal }: SmokeOptions, what: string, promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    if (error instanceof SmokeProblem) throw error;
    const why = signal.aborted ? 'the time is over' : error instanceof Error ? error.message : String(error);
    throw new SmokeProblem(`It was not seen that ${what}: ${why}.`, { cause: error });
  }
}
