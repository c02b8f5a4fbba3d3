import { LIMITS, type TraceEventBody } from '@runvoy/protocol';
import { auditOfRequest, type AuditRecord } from '../audit/audit.ts';
import { userRef, type User } from '../access/user.ts';
import { executionsOfRequest, type Execution } from '../executions/execution.ts';
import { tellEvidence } from '../executions/explain-evidence.ts';
import { Failure } from '../failure.ts';
import { imageRef, type Image } from '../images/image.ts';
import { playbookRef, type Playbook } from '../playbooks/playbook.ts';
import type { Records, Ref } from '../records/records.ts';
import { secretRef, type Secret } from '../secrets/secret.ts';

/** What the services have logged with the id of a request, where that can be read. */
export type LoggedOf = (requestId: string) => Promise<readonly TraceEventBody[]>;

/** What is known of one request. Of what is gone since, only its events are left. */
export interface RequestTrace {
  /** Oldest first. */
  readonly events: readonly TraceEventBody[];
  readonly executions: readonly Execution[];
  /** Sealed, as they lie in the store. */
  readonly secrets: readonly Secret[];
  readonly users: readonly User[];
  readonly images: readonly Image[];
  readonly playbooks: readonly Playbook[];
}

const ID_CHARS = 255;

/**
 * Finds everything that carries the request's id: what was changed in it, as audited; the runs that it started or stopped, with all that
 * is known of their lives; and the things and people these name, as they are now. Reads nothing that a value is in.
 * An id that nothing carries gives an empty trace. Fails with `INVALID_REQUEST` for what cannot be an id.
 */
export async function traceRequest(
  records: Records,
  requestId: string,
  loggedOf: LoggedOf = async () => [],
): Promise<RequestTrace> {
  if (requestId === '' || requestId.length > ID_CHARS) {
    throw new Failure('INVALID_REQUEST', `A request id has 1 to ${ID_CHARS} characters; got ${requestId.length}.`);
  }
  const limit = LIMITS.listPage;
  const [logged, audited, started] = await Promise.all([
    loggedOf(requestId),
    records.page(auditOfRequest, { equal: { request_id: requestId }, limit }),
    records.page(executionsOfRequest, { equal: { request_ids: requestId }, limit }),
  ]);
  const audit = audited.records.map(({ value }) => value);
  const executions = started.records.map(({ value }) => value);
  const people = [
    ...audit.map(({ by }) => by),
    ...executions.flatMap((run) => whoAsked(run, requestId)),
    ...subjects(audit, 'user'),
  ];
  const [secrets, users, images, playbooks] = await Promise.all([
    readAll(records, subjects(audit, 'secret'), secretRef),
    readAll(records, people, userRef),
    readAll(records, subjects(audit, 'image'), imageRef),
    readAll(records, subjects(audit, 'playbook'), playbookRef),
  ]);
  const events = [...audit.map(auditEvent), ...executions.flatMap(runEvents), ...logged];
  return {
    // By time, then id, as runvoy sorts them.
    events: events.toSorted((a, b) => a.timestamp - b.timestamp || (a.event_id < b.event_id ? -1 : 1)),
    executions,
    secrets,
    users,
    images,
    playbooks: playbooks.filter(({ listed }) => listed),
  };
}

/** Whoever started the run in this request, or asked for its end. */
function whoAsked({ request_id, created_by, facts }: Execution, requestId: string): readonly string[] {
  if (request_id === requestId) return [created_by];
  return [facts.stop?.requested_by, facts.haste?.requested_by].filter((by) => by !== undefined);
}

/** What the records of `<kind>.<verb>` are about. */
function subjects(audit: readonly AuditRecord[], kind: string): readonly string[] {
  return audit.filter(({ action }) => action.startsWith(`${kind}.`)).map(({ subject }) => subject);
}

async function readAll<T extends object>(
  records: Records,
  ids: readonly string[],
  refOf: (id: string) => Ref<T>,
): Promise<readonly T[]> {
  const found = await Promise.all([...new Set(ids)].toSorted().map((id) => records.get(refOf(id))));
  return found.flatMap((stored) => stored?.value ?? []);
}

function auditEvent({ seq, at_ms, action, by, subject, details = {} }: AuditRecord): TraceEventBody {
  const more = Object.entries(details).map(([name, value]) => ` ${name}=${value}`);
  return {
    event_id: `audit-${String(seq).padStart(12, '0')}`,
    timestamp: at_ms,
    message: `${by} ${action} ${subject}${more.join('')}`,
  };
}

function runEvents(execution: Execution): readonly TraceEventBody[] {
  const { execution_id } = execution;
  return tellEvidence(execution).map(({ atMs, text }, index) => ({
    event_id: `run-${execution_id}-${String(index).padStart(4, '0')}`,
    timestamp: atMs,
    message: `run ${execution_id}: ${text}`,
  }));
}
