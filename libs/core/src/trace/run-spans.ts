import { createHash } from 'node:crypto';
import type { Execution, Report } from '../executions/execution.ts';
import type { Millis } from '../time/clock.ts';

/** One part of a run's life, as a span: times and words from its record, so that any process can tell it at any time. */
export interface RunSpan {
  readonly name: string;
  /** A run is served; its parts are its own. */
  readonly kind: 'server' | 'internal';
  /** Derived from the run and the part: told twice, it is one span, and others can belong below it before it is told. */
  readonly spanId: string;
  /** `traceparent` of the span above it. */
  readonly parent: string;
  readonly startMs: Millis;
  readonly endMs: Millis;
  readonly attributes: Readonly<Record<string, string | number>>;
  /** The class of the failure, where it is one. */
  readonly failed?: string;
}

/** The words of https://opentelemetry.io/docs/specs/semconv/registry/attributes/cicd/ */
type Result = 'success' | 'failure' | 'timeout' | 'cancellation' | 'error';
type Part = 'run' | 'queue' | 'start' | 'bootstrap' | 'command' | 'completion';

/**
 * The spans of a run that has ended, after the conventions for pipelines: the run below the request that asked for it, and below the
 * run its wait for a slot, its start by the platform, the bootstrap (until the command begins), the command, by the runner's signed
 * times, and the completion (until the end was stored, at `storedMs`). None where the request was not recorded.
 */
export function runSpans(execution: Execution, storedMs: Millis): readonly RunSpan[] {
  const { execution_id: id, traceparent, facts, started_at_ms } = execution;
  if (!execution.traced || traceparent === undefined) return [];
  const result = resultOf(execution);
  const run: RunSpan = {
    name: execution.playbook === undefined ? 'RUN' : `RUN ${execution.playbook.name}`,
    kind: 'server',
    spanId: spanIdOf(id, 'run'),
    parent: traceparent,
    startMs: started_at_ms,
    endMs: Math.max(execution.completed_at_ms ?? storedMs, started_at_ms),
    attributes: runAttributes(execution, result),
    ...failure(result, execution.reason),
  };
  const parent = below(traceparent, run.spanId);
  const part = (name: Part, startMs: Millis, endMs: Millis, how: { result: Result; reason?: string | undefined }) => ({
    name,
    kind: 'internal' as const,
    spanId: spanIdOf(id, name),
    parent,
    startMs,
    // The runner's clock is not ours.
    endMs: Math.max(endMs, startMs),
    attributes: {
      'cicd.pipeline.task.name': name,
      'cicd.pipeline.task.run.id': `${id}/${name}`,
      'cicd.pipeline.task.run.result': how.result,
    },
    ...failure(how.result, how.reason),
  });
  const good = { result: 'success' } as const;
  const bad = { result, reason: execution.reason };
  const { queued } = execution;
  const { bound, report } = facts;
  const attempt = facts.attempts.find((known) => known.attempt === bound?.attempt) ?? facts.attempts.at(-1);
  const spans: RunSpan[] = [run];
  if (queued) spans.push(part('queue', queued.since_ms, attempt?.made_at_ms ?? run.endMs, attempt ? good : bad));
  if (attempt) spans.push(part('start', attempt.made_at_ms, bound?.at_ms ?? run.endMs, bound ? good : bad));
  if (!bound) return spans;
  // Whether the command of a runner that reported nothing ever began, nobody knows.
  if (!report) return [...spans, part('bootstrap', bound.at_ms, run.endMs, bad)];
  const command = part('command', report.started_at_ms, report.ended_at_ms, { result, reason: execution.reason });
  return [
    ...spans,
    part('bootstrap', bound.at_ms, report.started_at_ms, good),
    { ...command, attributes: { ...command.attributes, ...exitOf(report) } },
    part('completion', report.ended_at_ms, storedMs, good),
  ];
}

/** What a command is handed as `TRACEPARENT`: the span that will be told of it. Undefined where none will be. */
export function commandTraceparent({ execution_id, traceparent, traced }: Execution): string | undefined {
  return traced && traceparent !== undefined ? below(traceparent, spanIdOf(execution_id, 'command')) : undefined;
}

/** The same trace and flags, with another span. */
function below(traceparent: string, spanId: string): string {
  const [version, traceId, , flags] = traceparent.split('-');
  return [version, traceId, spanId, flags].join('-');
}

function spanIdOf(executionId: string, part: Part): string {
  return createHash('sha256').update(`${executionId}/${part}`).digest('hex').slice(0, 16);
}

function runAttributes(execution: Execution, result: Result): RunSpan['attributes'] {
  const { execution_id, playbook, status, exit_code, isolation, image_id, end_record } = execution;
  return {
    'cicd.pipeline.run.id': execution_id,
    'cicd.pipeline.action.name': 'RUN',
    'cicd.pipeline.result': result,
    ...(playbook === undefined ? {} : { 'cicd.pipeline.name': playbook.name }),
    'runvoy.status': status,
    'runvoy.isolation': isolation,
    'runvoy.image_id': image_id,
    ...(exit_code === undefined ? {} : { 'runvoy.exit_code': exit_code }),
    ...(end_record === undefined ? {} : { 'runvoy.log_lines': end_record.lines }),
  };
}

/** A command that went wrong has failed; what went wrong around it is an error. */
function resultOf({ status, reason, facts }: Execution): Result {
  if (status === 'SUCCEEDED') return 'success';
  if (status === 'STOPPED') return 'cancellation';
  if (reason === 'timeout') return 'timeout';
  return reason === undefined || (facts.report && reason === 'output_limit') ? 'failure' : 'error';
}

function failure(result: Result, reason: string | undefined): { readonly failed?: string } {
  return result === 'success' || result === 'cancellation' ? {} : { failed: reason ?? 'exit_code' };
}

function exitOf({ exit_code, signal }: Report): Readonly<Record<string, string | number>> {
  return {
    ...(exit_code === undefined ? {} : { 'process.exit.code': exit_code }),
    ...(signal === undefined ? {} : { 'runvoy.signal': signal }),
  };
}
