import type { Edge, EdgeKind } from './edge.ts';
import {
  spent,
  withLife,
  type Life,
  type LifeModel,
  type LifeState,
  type ReportName,
  type Truth,
} from './life-state.ts';

/** What the platform, the runner and the command may do next, without asking anybody. */
export function platformSteps(model: LifeModel, state: LifeState): Edge[] {
  return state.lives.flatMap((life, index) => {
    const attempt = index + 1;
    return [
      ...begins(state, life, attempt),
      ...ends(state, life, attempt),
      ...deaths(state, life, attempt),
      ...(life.cancel ? cancelArrives(model, state, life, attempt) : []),
    ];
  });
}

function edge(kind: EdgeKind, name: string, to: LifeState): Edge {
  return { kind, name, to };
}

function begins(state: LifeState, { stage, cancel, queued }: Life, attempt: number): Edge[] {
  const up = withLife(state, attempt, { stage: 'up', queued: false });
  // A supervisor that finds a cancel in its place never begins.
  if (stage === 'flying') return cancel && queued ? [] : [edge('sys', `runner ${attempt} begins`, up)];
  if (stage === 'ghost') return [edge('fault', `runner ${attempt} begins, though the platform had ruled it out`, up)];
  return [];
}

function ends(state: LifeState, { stage, end }: Life, attempt: number): Edge[] {
  if (stage === 'done') {
    return [
      edge('sys', `runner ${attempt} leaves`, withLife(state, attempt, { stage: 'ended', end: end || 'exited' })),
    ];
  }
  if (stage === 'orphan') {
    const to = withLife({ ...state, truth: 'lost' }, attempt, { stage: 'ended', end: 'exited' });
    return [edge('user', 'the unwatched command ends by itself', to)];
  }
  if (stage !== 'runs') return [];
  return (['ok', 'err', 'timeout'] as const).map((how) =>
    edge('user', `the command ends by itself: ${how}`, reported(state, attempt, how, how)),
  );
}

/** The command has ended and its report is in both lanes. */
export function reported(state: LifeState, attempt: number, truth: Truth, report: ReportName): LifeState {
  return withLife({ ...state, truth, fast: report, safe: report }, attempt, { stage: 'done' });
}

function deaths(state: LifeState, { stage }: Life, attempt: number): Edge[] {
  if (state.left.deaths === 0) return [];
  const less = spent(state, 'deaths');
  if (stage === 'flying') {
    const to = withLife(less, attempt, { stage: 'ended', end: 'never_started', queued: false });
    return [edge('fault', `runner ${attempt} cannot begin`, to)];
  }
  if (stage === 'up') {
    const to = withLife(less, attempt, { stage: 'ended', end: 'exited' });
    return [edge('fault', `runner ${attempt} dies without the command`, to)];
  }
  if (stage !== 'runs') return [];
  const vanished = withLife({ ...less, truth: 'lost' }, attempt, { stage: 'ended', end: 'exited' });
  return [
    edge('fault', 'runner and command die without a report', vanished),
    edge('fault', 'the runner dies, the command lives on', withLife(less, attempt, { stage: 'orphan' })),
  ];
}

function cancelArrives({ platform }: LifeModel, state: LifeState, { stage, queued }: Life, attempt: number): Edge[] {
  const done = withLife(state, attempt, { cancel: false, end: 'cancelled' });
  const ended = withLife(done, attempt, { stage: 'ended', queued: false });
  switch (stage) {
    case 'flying':
      return platform === 'local' && queued
        ? [edge('sys', `runner ${attempt} finds that it was cancelled`, ended)]
        : [];
    case 'up':
    case 'done':
      return [edge('sys', `a cancel ends runner ${attempt}`, ended)];
    case 'orphan':
      return [edge('sys', 'a cancel ends the unwatched command', { ...ended, truth: 'stopped' })];
    case 'runs':
      return [
        edge('sys', 'a cancel reaches the command, it obeys', reported(done, attempt, 'stopped', 'obeyed')),
        edge('sys', 'a cancel reaches the command, it is killed', reported(done, attempt, 'stopped', 'killed')),
        edge('sys', 'a cancel reaches the command, it is killed without a report', { ...ended, truth: 'stopped' }),
      ];
    default:
      return [];
  }
}
