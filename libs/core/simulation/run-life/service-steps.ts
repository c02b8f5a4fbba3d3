import { isTerminal } from '@runvoy/protocol';
import { stopOrderFor } from '../../src/executions/record-heartbeat.ts';
import type { StartAnswer } from '../../src/jobs/job-runner.ts';
import { after, crashed, wrongOf } from './aftermath.ts';
import type { Decisions } from './decisions.ts';
import type { Edge } from './edge.ts';
import { NEW_LIFE, spent, withLife, type LifeModel, type LifeState } from './life-state.ts';
import { lookSteps } from './look-steps.ts';
import { nameOf } from './model-run.ts';
import { reported } from './platform-steps.ts';

/** What the services may do next, each time by the real decision. */
export async function serviceSteps(model: LifeModel, core: Decisions, state: LifeState): Promise<Edge[]> {
  if (state.record === 0) {
    return [{ kind: 'sys', name: 'the run is stored', to: { ...state, record: core.submitted(), lives: [NEW_LIFE] } }];
  }
  const steps = await Promise.all([
    ...state.lives.map((_, index) => startSteps(model, core, state, index + 1)),
    ...state.lives.map((_, index) => bootstrapSteps(core, state, index + 1)),
    reportSteps(core, state),
    stopSteps(model, core, state),
    lookSteps(model, core, state),
  ]);
  return steps.flat();
}

async function startSteps(model: LifeModel, core: Decisions, state: LifeState, attempt: number): Promise<Edge[]> {
  const life = state.lives[attempt - 1]!;
  if (life.start === '') return [];
  const answered = async (name: string, kind: Edge['kind'], answer: StartAnswer): Promise<Edge> => {
    const decided = await core.startAnswered(state.record, attempt, answer);
    return { name, kind, to: withLife(after(model, state, decided), attempt, { start: '' }), ...wrongOf(decided) };
  };
  const crash: Edge[] =
    state.left.crashes === 0
      ? []
      : [{ kind: 'fault', name: `a service dies during start ${attempt}`, to: crashed(model, state, attempt) }];
  if (life.start === 'to_send') {
    const rejected = { outcome: 'rejected', reason: 'quota', details: '' } as const;
    if (life.stage !== 'none') return [await answered(`start ${attempt} comes too late`, 'sys', rejected), ...crash];
    const queued = model.platform === 'local';
    const to = withLife(state, attempt, { stage: 'flying', start: 'sent', queued });
    return [
      { kind: 'sys', name: `start ${attempt} is made`, to },
      await answered(`start ${attempt} is rejected`, 'fault', rejected),
      ...crash,
    ];
  }
  const named = { outcome: 'started', platform_execution: nameOf(attempt) } as const;
  const unknown: Edge[] =
    state.left.crashes === 0
      ? []
      : [
          {
            kind: 'fault',
            name: `the answer to start ${attempt} is an error`,
            to: withLife(spent(state, 'crashes'), attempt, { start: '' }),
          },
        ];
  return [
    await answered(`the answer to start ${attempt} is stored`, 'sys', named),
    ...(model.platform === 'cloud'
      ? [await answered(`the answer to start ${attempt} names nothing`, 'fault', { outcome: 'started' })]
      : []),
    ...unknown,
    ...crash,
  ];
}

async function bootstrapSteps(core: Decisions, state: LifeState, attempt: number): Promise<Edge[]> {
  if (state.lives[attempt - 1]!.stage !== 'up') return [];
  const decided = await core.bootstrap(state.record, attempt);
  const { record, answer } = decided;
  const stored = { ...state, record };
  if (answer !== 'start') {
    const to = withLife(stored, attempt, { stage: 'ended', end: 'exited' });
    return [{ kind: 'sys', name: `bootstrap ${attempt} is answered: ${answer}`, to, ...wrongOf(decided) }];
  }
  const handed = state.handed.includes(attempt) ? state.handed : [...state.handed, attempt];
  const to = withLife({ ...stored, handed, ran: state.ran + 1 }, attempt, { stage: 'runs' });
  const steps: Edge[] = [{ kind: 'sys', name: `bootstrap ${attempt}: the command begins`, to, ...wrongOf(decided) }];
  if (state.left.losses > 0) {
    const lost = spent({ ...stored, handed }, 'losses');
    steps.push({ kind: 'fault', name: `bootstrap ${attempt} is stored, its answer lost`, to: lost });
  }
  return steps;
}

/** Both lanes bring the report, in any order; a stop reaches the runner with the answer to any call. */
async function reportSteps(core: Decisions, state: LifeState): Promise<Edge[]> {
  const steps: Edge[] = [];
  for (const lane of ['fast', 'safe'] as const) {
    const name = state[lane];
    if (name === '') continue;
    const decided = await core.report(state.record, name);
    const to = { ...state, record: decided.record, [lane]: '' };
    steps.push({ kind: 'sys', name: `the report comes by the ${lane} lane`, to, ...wrongOf(decided) });
  }
  if (state.fast !== '' && state.left.losses > 0) {
    steps.push({ kind: 'fault', name: 'the fast lane loses the report', to: { ...spent(state, 'losses'), fast: '' } });
  }
  const running = state.lives.findIndex(({ stage }) => stage === 'runs');
  if (running >= 0 && stopOrderFor(core.execution(state.record))) {
    const to = reported(state, running + 1, 'stopped', 'told');
    steps.push({ kind: 'sys', name: 'the runner is told of the stop and ends the command', to });
  }
  return steps;
}

async function stopSteps(model: LifeModel, core: Decisions, state: LifeState): Promise<Edge[]> {
  const { facts, status } = core.execution(state.record);
  if (facts.stop || isTerminal(status)) return [];
  const decided = await core.stop(state.record);
  const to = after(model, state, decided);
  const isStored = core.execution(decided.record).facts.stop !== undefined;
  const wrong = isStored ? wrongOf(decided) : { wrong: 'stop-forgotten' };
  const steps: Edge[] = [{ kind: 'user', name: 'a stop is stored and passed on', to, ...wrong }];
  if (state.left.crashes > 0) {
    const dead = crashed(model, { ...state, record: decided.record });
    steps.push({ kind: 'fault', name: 'a stop is stored, the service dies before it is passed on', to: dead });
  }
  return steps;
}
