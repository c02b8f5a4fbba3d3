import type { LifeState } from './life-state.ts';

/** `sys` happens if it can; `user` may never happen; `fault` goes wrong. */
export type EdgeKind = 'sys' | 'user' | 'fault';

/** One thing that may happen next. */
export interface Edge {
  readonly name: string;
  readonly kind: EdgeKind;
  readonly to: LifeState;
  /** What must not be and was seen while it happened, by the name of the invariant. */
  readonly wrong?: string;
}
