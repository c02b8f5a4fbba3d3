import type { BootstrapDeps, EventBus, TickDeps } from '@runvoy/core';
import type { Logger } from '@runvoy/runtime';

/** Everything the event intake needs. */
export interface ProcessorDeps extends BootstrapDeps, TickDeps {
  readonly bus: EventBus;
  readonly logger: Logger;
}
