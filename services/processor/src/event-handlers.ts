import {
  drainOutbox,
  Failure,
  finishExecution,
  lookAndStart,
  needsFinishing,
  reconcileHealth,
  tick,
  type CloudEventEnvelope,
  type Execution,
} from '@runvoy/core';
import type { RunvoyEvents, RunvoyEventType } from '@runvoy/protocol';
import { AUDIT_LOG_WRITTEN, LOG_ENTRY, parseCloudEvent } from '@runvoy/runtime';
import type { EventDeps } from './deps.ts';
import { takePlatformEntry } from './platform-entries.ts';
import { requestOf } from './unreadable-event.ts';

/** The run that an event was about, as it is then, where that is known. */
type About = Promise<Execution | undefined>;

type Handlers = {
  readonly [Type in RunvoyEventType]: (deps: EventDeps, data: RunvoyEvents[Type]) => About;
} & Readonly<Record<typeof AUDIT_LOG_WRITTEN | typeof LOG_ENTRY, (deps: EventDeps, data: unknown) => About>>;

/**
 * What each type of event asks for. Every handler is idempotent by state and throws when its effect is not stored:
 * the event is then delivered again.
 */
const HANDLERS: Handlers = {
  'dev.runvoy.execution.look.v1': async (deps, data) => {
    const execution = await lookAndStart(deps, executionOf(data), notice(deps, 'a start failed'));
    if (needsFinishing(execution, deps.jobs)) await drainOutbox(deps);
    return execution;
  },
  'dev.runvoy.execution.finished.v1': async (deps, data) => {
    const id = executionOf(data);
    // Lines may come until the settle window is over: the event waits in the bus, not in a process.
    if ((await finishExecution(deps, id)) === 'waiting') throw new Failure('STORE_CONTENDED', id);
    return undefined;
  },
  'dev.runvoy.tick.v1': async (deps) => {
    const report = await tick(deps, notice(deps, 'a look failed; nothing was concluded'));
    deps.ticked?.(report);
    if (report.looked > 0 || report.failed > 0) deps.logger.debug('tick', { ...report });
    if (report.overdue.length > 0) {
      const { overdue } = report;
      deps.logger.warn('stops are not confirmed in time; their cancel is sent again at each look', { overdue });
    }
    await archive(deps, 'tick');
    // The health report tells when it last came; a tick whose mark was lost is a tick all the same.
    await deps.marks?.ticked().catch((error: unknown) => notice(deps, 'a tick was not marked')(error, 'tick'));
    return undefined;
  },
  // The scheduled reconcile: the sweep of the platform's list is the first part of the health report.
  'dev.runvoy.sweep.v1': async (deps) => {
    const [report] = await Promise.all([
      reconcileHealth(deps, 'schedule', notice(deps, 'a part of the health report failed')),
      archive(deps, 'hour'),
    ]);
    const { issues, error_count, reconciled_count, sweep_status } = report;
    const told = { issues: issues.length, errors: error_count, reconciled: reconciled_count, ...sweep_status };
    if (error_count > 0) deps.logger.warn('the health report has errors', told);
    else deps.logger.debug('health', told);
    return undefined;
  },
  // The same entries come from Eventarc and from sinks.
  [AUDIT_LOG_WRITTEN]: takePlatformEntry,
  [LOG_ENTRY]: takePlatformEntry,
};

function executionOf(data: { readonly execution_id: string }): string {
  const { execution_id: id } = (data ?? {}) as { readonly execution_id?: unknown };
  if (typeof id === 'string' && /^[0-9a-f]{32}$/.test(id)) return id;
  throw new Failure('INVALID_REQUEST', 'The event names no execution: "execution_id" must be 32 hex characters.');
}

/** Logs lose nothing by waiting: what fails here is no reason to have the event again. */
async function archive(deps: EventDeps, when: 'hour' | 'tick'): Promise<void> {
  try {
    const report = await deps.archiver?.turn(when);
    if (report && (report.sealed > 0 || report.removed > 0 || report.expired > 0 || report.failed > 0)) {
      deps.logger.info('logs were archived', { ...report });
    }
  } catch (error) {
    notice(deps, 'the archiver could not ask what is due')(error, 'logs');
  }
}

function notice({ logger }: EventDeps, message: string) {
  return (error: unknown, about: string) => logger.warn(message, { about, error });
}

/**
 * Carries an event out. One of a type we do not know is acknowledged unread: it is somebody else's. Answers which run it was about,
 * where that is known.
 */
export async function handleEvent(deps: EventDeps, event: CloudEventEnvelope): About {
  // Put aside before, and sent again: perhaps it can be read now.
  const request = requestOf(event);
  if (request) return handleEvent(deps, await parseCloudEvent(request.headers, request.body));
  const handler = Object.hasOwn(HANDLERS, event.type) ? HANDLERS[event.type as keyof Handlers] : undefined;
  if (!handler) {
    deps.logger.debug('an event of an unknown type was acknowledged', { type: event.type, id: event.id });
    return undefined;
  }
  return (handler as (deps: EventDeps, data: unknown) => About)(deps, event.data);
}
