import { drainOutbox, Failure, finishExecution, lookAndStart, tick, type CloudEventEnvelope } from '@runvoy/core';
import { isTerminal, type RunvoyEvents, type RunvoyEventType } from '@runvoy/protocol';
import type { ProcessorDeps } from './deps.ts';

type Handlers = {
  readonly [Type in RunvoyEventType]: (deps: ProcessorDeps, data: RunvoyEvents[Type]) => Promise<void>;
};

/**
 * What each type of event asks for. Every handler is idempotent by state and throws when its effect is not stored:
 * the event is then delivered again.
 */
const HANDLERS: Handlers = {
  'dev.runvoy.execution.look.v1': async (deps, { execution_id }) => {
    const execution = await lookAndStart(deps, execution_id, notice(deps, 'a start failed'));
    if (isTerminal(execution.status)) await drainOutbox(deps);
  },
  'dev.runvoy.execution.finished.v1': async (deps, { execution_id }) => {
    // Lines may come until the settle window is over: the event waits in the bus, not in a process.
    if ((await finishExecution(deps, execution_id)) === 'waiting') throw new Failure('STORE_CONTENDED', execution_id);
  },
  'dev.runvoy.tick.v1': async (deps) => {
    const report = await tick(deps, notice(deps, 'a look failed; nothing was concluded'));
    if (report.looked > 0 || report.failed > 0) deps.logger.debug('tick', { ...report });
  },
};

function notice({ logger }: ProcessorDeps, message: string) {
  return (error: unknown, about: string) => logger.warn(message, { about, error });
}

/** Carries an event out. One of a type we do not know is acknowledged unread: it is somebody else's. */
export async function handleEvent(deps: ProcessorDeps, event: CloudEventEnvelope): Promise<void> {
  const handler = (HANDLERS as Record<string, Handlers[RunvoyEventType] | undefined>)[event.type];
  if (!handler) {
    deps.logger.debug('an event of an unknown type was acknowledged', { type: event.type, id: event.id });
    return;
  }
  await (handler as (deps: ProcessorDeps, data: unknown) => Promise<void>)(deps, event.data);
}
