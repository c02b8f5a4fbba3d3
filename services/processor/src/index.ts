export { buildEventProcessor, buildProcessor, buildRunnerIntake } from './app.ts';
export type { Callers } from './callers.ts';
export { meterFastLane } from './lane-metrics.ts';
export type { EventDeps, ProcessorDeps, RunnerDeps } from './deps.ts';
