import { isTerminal } from '@runvoy/protocol';
import type { PlatformView } from '../../src/jobs/job-runner.ts';
import { after, crashed, wrongOf } from './aftermath.ts';
import type { Decisions, Looked, Sight } from './decisions.ts';
import type { Edge } from './edge.ts';
import { NEW_LIFE, spent, type Life, type LifeModel, type LifeState } from './life-state.ts';
import { STORED_MS } from './life-times.ts';
import { nameOf } from './model-run.ts';

/** A look in two halves, between which anything may happen; while one is under way others are made in one. */
export async function lookSteps(model: LifeModel, core: Decisions, state: LifeState): Promise<Edge[]> {
  const steps = state.look === '' ? [] : [await stored(model, core, state), ...died(model, state)];
  // Once a run has ended a look is worth something only to what still lives.
  const lives = state.lives.some(({ stage }) => ['up', 'runs', 'orphan', 'done'].includes(stage));
  if (isTerminal(core.execution(state.record).status) && !lives) return steps;
  for (const { name, sight, state: seen } of sights(model, state)) {
    const looked = await core.look(state.record, sight);
    steps.push(...(await made(model, core, seen, { name, looked, sight })));
    steps.push(...(await failed(core, state, looked, sight)));
  }
  return steps;
}

interface Seen {
  readonly name: string;
  readonly sight: Sight;
  /** The world after the look: a platform may rule an order out when it is asked about it. */
  readonly state: LifeState;
}

function sights(model: LifeModel, state: LifeState): Seen[] {
  const seen: Seen[] = [];
  for (const isLate of [false, true]) {
    for (const rulesOut of mayRuleOut(model, state) ? [false, true] : [false]) {
      for (const isReadable of model.platform === 'cloud' && !isLate && state.safe !== '' ? [false, true] : [true]) {
        seen.push(sightOf(model, state, { isLate, rulesOut, isReadable }));
      }
    }
  }
  return seen;
}

function sightOf(
  model: LifeModel,
  state: LifeState,
  { isLate, rulesOut, isReadable }: { isLate: boolean; rulesOut: boolean; isReadable: boolean },
): Seen {
  const lives = state.lives.map((life) =>
    rulesOut && isAbsent(life)
      ? { ...life, stage: model.ghosts && life.stage === 'flying' ? ('ghost' as const) : ('ruled_out' as const) }
      : life,
  );
  const sight: Sight = {
    isLate,
    draw: state.look === '' ? 1 : 2,
    isHeard: lives.some(({ stage }) => ['runs', 'up', 'done'].includes(stage)),
    views: lives.map((life, index) => viewOf(model, life, index + 1)),
    lane: {
      attempt: state.handed[0] ?? 0,
      report: isReadable ? state.safe : '',
      final: model.platform === 'local',
      breaks: false,
    },
  };
  const words = ['a look', ...(isLate ? ['after the windows'] : []), ...(rulesOut ? ['that rules out'] : [])];
  if (!isReadable) words.push('before the lane can be read');
  const isSlow = state.lives.some((life) => isAbsent(life) && life.start !== '');
  const ruledOut = isSlow ? { ...spent(state, 'crashes'), lives } : { ...state, lives };
  return { name: words.join(' '), sight, state: rulesOut ? ruledOut : state };
}

/** Locally an order that nobody has is ruled out; one that a living server is slow to hand on costs a fault. */
function mayRuleOut({ platform }: LifeModel, { lives, left }: LifeState): boolean {
  const absent = lives.filter(isAbsent);
  return platform === 'local' && absent.length > 0 && (left.crashes > 0 || absent.every(({ start }) => start === ''));
}

/** Nothing is known of it: not in memory, not in a place of its own. */
function isAbsent({ stage, queued }: Life): boolean {
  return (stage === 'none' || stage === 'flying') && !queued;
}

function viewOf({ platform }: LifeModel, { stage, queued, end }: Life, attempt: number): PlatformView {
  const platform_execution = nameOf(attempt);
  switch (stage) {
    case 'none':
    case 'flying':
      return queued ? { state: 'starting', platform_execution } : { state: 'absent', never: false };
    case 'ruled_out':
    case 'ghost':
      return { state: 'absent', never: true };
    case 'ended':
      return { state: 'ended', end: { platform_execution, at_ms: STORED_MS, kind: end || 'exited' } };
    default:
      return { state: 'alive', platform_execution, unwatched: platform === 'local' && stage === 'orphan' };
  }
}

async function made(
  model: LifeModel,
  core: Decisions,
  state: LifeState,
  { name, looked, sight }: { readonly name: string; readonly looked: Looked; readonly sight: Sight },
): Promise<Edge[]> {
  const next = after(model, state, looked);
  const isNew = looked.record !== state.record;
  // A report that was read in the lane has been stored; it need not come again.
  const to = isNew && sight.lane.report !== '' ? { ...next, safe: '' as const } : next;
  const cancels = looked.cancels.length === 0 ? '' : `, cancels ${looked.cancels.join()}`;
  if (looked.found === '') return [{ kind: 'sys', name: `${name}${cancels}`, to, ...wrongOf(looked) }];
  if (model.looksTakeTime && state.look === '') {
    return [{ kind: 'sys', name: `${name}${cancels}, finds`, to: { ...to, look: looked.found }, ...wrongOf(looked) }];
  }
  const both = await storing(model, core, { ...to, look: '' }, looked.found);
  return [{ ...both, name: `${name}${cancels}, ${both.name}`, to: { ...both.to, look: state.look } }];
}

/** The same look where an answer is an error: it may take longer, and never tells anything else. */
async function failed(core: Decisions, state: LifeState, looked: Looked, sight: Sight): Promise<Edge[]> {
  const blind = await core.look(state.record, { ...sight, views: sight.views.map(() => 'fails' as const) });
  const torn = await core.look(state.record, { ...sight, lane: { ...sight.lane, breaks: true } });
  // An end that is stored is not asked for again: its lane may be read, and nothing else is learned.
  const invents = kindsOf(blind.found).some((kind) => kind !== 'lane_settled');
  const settles = torn.found !== '' && torn.found !== looked.found;
  const stores = [blind, torn].some(({ record }) => record !== state.record && record !== looked.record);
  if (!invents && !settles && !stores && !(torn.found !== '' && readsLane(torn.found))) return [];
  return [{ kind: 'fault', name: 'a look that fails', to: state, wrong: 'no-verdict-from-error' }];
}

const kindsOf = (found: string): string[] =>
  found === '' ? [] : (JSON.parse(found) as [{ kind: string }[]])[0].map(({ kind }) => kind);

const readsLane = (found: string): boolean => kindsOf(found).includes('lane_settled');

async function stored(model: LifeModel, core: Decisions, state: LifeState): Promise<Edge> {
  return storing(model, core, { ...state, look: '' }, state.look);
}

async function storing(model: LifeModel, core: Decisions, state: LifeState, found: string): Promise<Edge> {
  const decided = await core.store(state.record, found);
  const next = after(model, state, decided);
  const lives = decided.starts > state.lives.length ? [...next.lives, NEW_LIFE] : next.lives;
  const doubled = decided.starts > 0 && decided.starts <= state.lives.length;
  return {
    kind: 'sys',
    name: `the look is stored: ${kindsOf(found).join(', ')}`,
    to: { ...next, lives },
    ...(doubled ? { wrong: 'ran-twice' } : wrongOf(decided)),
  };
}

function died(model: LifeModel, state: LifeState): Edge[] {
  if (state.left.crashes === 0) return [];
  const to = { ...crashed(model, state), look: '' };
  return [{ kind: 'fault', name: 'a service dies in a look, before it is stored', to }];
}
