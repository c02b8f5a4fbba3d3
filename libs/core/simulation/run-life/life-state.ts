import type { PlatformEnd } from '../../src/jobs/job-runner.ts';

/** Which platform a life is on: what a start, a look, a cancel and a safety lane are worth there. */
export type PlatformKind = 'local' | 'cloud';

/** One model of the many: its platform, the grace of its run, and how often each kind of fault may strike. */
export interface LifeModel {
  readonly platform: PlatformKind;
  readonly grace_ms: number;
  /** Anything may happen between the two halves of a look; otherwise a look is one step. */
  readonly looksTakeTime: boolean;
  /** What the platform has ruled out may begin all the same. */
  readonly ghosts: boolean;
  readonly budget: Budget;
}

export interface Budget {
  /** Deaths of a service, and answers of the platform that it never gets. */
  readonly crashes: number;
  /** Messages of the fast lane that are lost, answers to a bootstrap among them. */
  readonly losses: number;
  /** Deaths of a runner, a command or a task. */
  readonly deaths: number;
}

/** What a runner may tell of the end. `obeyed` and `killed` follow a cancel or a stop order. */
export const REPORTS = ['ok', 'err', 'timeout', 'obeyed', 'killed', 'told'] as const;
export type ReportName = (typeof REPORTS)[number];

/** How the command really ended. `lost`: nobody was left to see it. */
export type Truth = '' | 'ok' | 'err' | 'timeout' | 'stopped' | 'lost';

/**
 * - `none`: no start has reached the platform; `flying`: one has, and it cannot be found yet
 * - `up`: a runner without the command; `runs`: it has it; `orphan`: the command without its runner; `done`: the runner without it
 * - `ended`; `ruled_out`: the platform has promised that it never begins; `ghost`: it has promised, and it may begin all the same
 */
export type Stage = 'none' | 'flying' | 'up' | 'runs' | 'orphan' | 'done' | 'ended' | 'ruled_out' | 'ghost';

/** What the platform has of one attempt, and how far its start has come in the service that makes it. */
export interface Life {
  readonly stage: Stage;
  readonly start: '' | 'to_send' | 'sent';
  /** Local: the order is in the memory of the living server. */
  readonly queued: boolean;
  /** A cancel is on its way to it. */
  readonly cancel: boolean;
  readonly end: PlatformEnd['kind'] | '';
}

/** Everything: what is stored, and what is true. Two states are the same when their keys are. */
export interface LifeState {
  /** Number of the stored record, 0 before there is one. */
  readonly record: number;
  readonly lives: readonly Life[];
  /** The report on its way in either lane. */
  readonly fast: ReportName | '';
  readonly safe: ReportName | '';
  readonly truth: Truth;
  /** A look that has asked and not stored yet: its evidence, and the attempt of the order it calls for. */
  readonly look: string;
  readonly left: Budget;
  /** How often a command began. */
  readonly ran: number;
  /** Attempts whose runner was sent the command. */
  readonly handed: readonly number[];
}

export const NEW_LIFE: Life = { stage: 'none', start: 'to_send', queued: false, cancel: false, end: '' };

export function firstState({ budget }: LifeModel): LifeState {
  return { record: 0, lives: [], fast: '', safe: '', truth: '', look: '', left: budget, ran: 0, handed: [] };
}

export function stateKey({ record, lives, fast, safe, truth, look, left, ran, handed }: LifeState): string {
  const each = lives.map((life) => `${life.stage}${life.start}${+life.queued}${+life.cancel}${life.end}`).join();
  const budget = `${left.crashes}${left.losses}${left.deaths}`;
  return `${record};${each};${fast};${safe};${truth};${look};${budget};${ran};${handed.join()}`;
}

export function withLife(state: LifeState, attempt: number, change: Partial<Life>): LifeState {
  return {
    ...state,
    lives: state.lives.map((life, index) => (index === attempt - 1 ? { ...life, ...change } : life)),
  };
}

/** The same with one fault less to come. */
export function spent(state: LifeState, kind: keyof Budget): LifeState {
  return { ...state, left: { ...state.left, [kind]: state.left[kind] - 1 } };
}
