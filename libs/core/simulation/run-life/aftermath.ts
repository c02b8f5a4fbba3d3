import type { Decided } from './decisions.ts';
import { spent, withLife, type LifeModel, type LifeState } from './life-state.ts';

/** What was decided has been stored, and its cancels are on their way. */
export function after(model: LifeModel, state: LifeState, { record, cancels }: Decided): LifeState {
  return cancels.reduce((next, attempt) => cancelSent(model, next, attempt), { ...state, record });
}

/** A cancel of what the platform cannot find yet is no error and does nothing. */
function cancelSent({ platform }: LifeModel, state: LifeState, attempt: number): LifeState {
  const life = state.lives[attempt - 1];
  if (!life) return state;
  const isFound = ['up', 'runs', 'orphan', 'done'].includes(life.stage) || (platform === 'local' && life.queued);
  return isFound ? withLife(state, attempt, { cancel: true }) : state;
}

/** A service dies. Locally it is the only one: its starts, its look and the orders in its memory die with it. */
export function crashed({ platform }: LifeModel, state: LifeState, attempt?: number): LifeState {
  const less = spent(state, 'crashes');
  const forgets = (index: number) => platform === 'local' || index === (attempt ?? 0) - 1;
  return {
    ...less,
    lives: less.lives.map((life, index) => (forgets(index) ? { ...life, start: '', queued: false } : life)),
    look: platform === 'local' ? '' : less.look,
  };
}

export function wrongOf({ wroteInVain }: Decided): { readonly wrong?: string } {
  return wroteInVain ? { wrong: 'tick-idempotent' } : {};
}
