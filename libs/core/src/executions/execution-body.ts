import {
  isTerminal,
  type CancelBody,
  type ExecutionBody,
  type ExecutionStatusBody,
  type LogSummaryBody,
  type QueueBody,
} from '@runvoy/protocol';
import type { LogAssessment } from '../logs/assess-log.ts';
import { costOf, type Prices } from '../usage/prices.ts';
import { usageOf } from '../usage/usage.ts';
import { maskingOf, type Execution } from './execution.ts';
import { reasonLine } from './reason-line.ts';
import { stopInForce } from './stop-in-force.ts';
import { waitingFor } from './waiting-for.ts';

/** RFC 3339, UTC. */
export const rfc3339 = (ms: number): string => new Date(ms).toISOString();

/** An execution as lists show it, with its place where it waits for a slot. Nothing of its environment is in it. */
export function executionBody(execution: Execution, queue?: QueueBody, prices?: Prices): ExecutionBody {
  const log = logSummary(execution);
  return {
    ...common(execution, queue, prices),
    created_by: execution.created_by,
    owned_by: execution.owned_by,
    exit_code: execution.exit_code ?? 0,
    ...(execution.completed_at_ms === undefined
      ? {}
      : { duration_seconds: Math.round(durationMs(execution, execution.completed_at_ms) / 1000) }),
    created_by_request_id: execution.request_id,
    modified_by_request_id: execution.modified_by_request_id,
    cloud: execution.cloud,
    cpu: execution.cpu,
    memory: execution.memory_mib,
    ...(execution.secrets === undefined ? {} : { secrets: execution.secrets }),
    ...(log === undefined ? {} : { log }),
  };
}

/** An execution as its status route shows it, with what is known of its log, or of its place in the queue, when that was worked out. */
export function executionStatusBody(
  execution: Execution,
  assessment?: LogAssessment,
  queue?: QueueBody,
  prices?: Prices,
): ExecutionStatusBody {
  const log = assessment ? assessmentBody(assessment, execution) : logSummary(execution);
  return {
    ...common(execution, queue, prices),
    exit_code: execution.completed_at_ms === undefined ? null : (execution.exit_code ?? null),
    ...(execution.completed_at_ms === undefined
      ? {}
      : { duration_ms: durationMs(execution, execution.completed_at_ms) }),
    ...(log === undefined ? {} : { log }),
  };
}

function common(execution: Execution, queue: QueueBody | undefined, prices: Prices | undefined) {
  const usage = usageOf(execution);
  const cancel = cancelBody(execution);
  const waiting = waitingFor(execution);
  return {
    execution_id: execution.execution_id,
    status: execution.status,
    command: execution.command,
    image_id: execution.image_id,
    started_at: rfc3339(execution.started_at_ms),
    ...(execution.completed_at_ms === undefined ? {} : { completed_at: rfc3339(execution.completed_at_ms) }),
    isolation: execution.isolation,
    ...(execution.network === undefined ? {} : { network: execution.network }),
    ...(execution.labels === undefined ? {} : { labels: execution.labels }),
    ...(execution.playbook === undefined ? {} : { playbook: execution.playbook }),
    ...(execution.reason === undefined ? {} : { reason: execution.reason }),
    ...(waiting === undefined ? {} : { waiting_for: waiting }),
    reason_text: reasonLine(execution),
    ...(queue === undefined ? {} : { queue }),
    ...(cancel === undefined ? {} : { cancel }),
    ...(usage && { usage }),
    ...(usage && prices && { cost: costOf(usage, prices) }),
  };
}

function durationMs(execution: Execution, completedAtMs: number): number {
  const { imported } = execution;
  if (imported?.ran_ms !== undefined) return imported.ran_ms;
  return Math.max(0, completedAtMs - (execution.facts.report?.started_at_ms ?? execution.started_at_ms));
}

/** How far a stop has come. `confirmed` stays absent when the command had ended by itself: the stop came too late. */
export function cancelBody(execution: Execution): CancelBody | undefined {
  const { stop, haste } = execution.facts;
  if (!stop) return undefined;
  const confirmByMs = stopInForce(execution.facts)?.confirm_by_ms;
  return {
    requested: rfc3339(stop.requested_at_ms),
    ...(haste === undefined ? {} : { hastened: rfc3339(haste.requested_at_ms) }),
    ...(stop.signalled_at_ms === undefined ? {} : { signalled: rfc3339(stop.signalled_at_ms) }),
    ...(stop.killed_at_ms === undefined ? {} : { killed: rfc3339(stop.killed_at_ms) }),
    ...(execution.status === 'STOPPED' ? { confirmed: rfc3339(confirmedAtMs(execution)) } : {}),
    ...(isTerminal(execution.status) || confirmByMs === undefined ? {} : { confirm_by: rfc3339(confirmByMs) }),
  };
}

/** When the platform saw the last of it, which is later than the command's own end. */
function confirmedAtMs(execution: Execution): number {
  const ends = execution.facts.attempts.map((attempt) => attempt.end?.at_ms ?? 0);
  return Math.max(execution.completed_at_ms ?? 0, ...ends);
}

function logSummary(execution: Execution): LogSummaryBody | undefined {
  const { end_record, log_proven, log_expired } = execution;
  if (!end_record) {
    return log_expired && { completeness: 'unproven', lines: execution.log_archive?.lines ?? 0, ...expiry(execution) };
  }
  const { lines, bytes, sha256 } = end_record;
  const completeness = log_proven ? 'complete' : isTerminal(execution.status) ? 'unproven' : 'running';
  return { completeness, lines, bytes, sha256, ...expiry(execution), ...maskingShown(execution) };
}

function assessmentBody(
  { completeness, lines, bytes, sha256, gaps }: LogAssessment,
  execution: Execution,
): LogSummaryBody {
  return {
    completeness,
    lines,
    ...(bytes === undefined ? {} : { bytes }),
    ...(sha256 === undefined ? {} : { sha256 }),
    ...(gaps.length === 0 ? {} : { gaps }),
    ...expiry(execution),
    ...maskingShown(execution),
  };
}

function expiry({ log_expired }: Execution): Pick<LogSummaryBody, 'expired_at'> {
  return log_expired ? { expired_at: rfc3339(log_expired.at_ms) } : {};
}

/** Of a log in which nothing was masked there is nothing to say. */
function maskingShown(execution: Execution): ReturnType<typeof maskingOf> {
  const masking = maskingOf(execution);
  return masking.maskings || masking.unmasked ? masking : {};
}
