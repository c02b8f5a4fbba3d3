import { isTerminal } from '@runvoy/protocol';
import { Decisions } from './run-life/decisions.ts';
import type { Edge, EdgeKind } from './run-life/edge.ts';
import { firstStuck, type Graph } from './run-life/liveness.ts';
import { firstState, stateKey, type LifeModel, type LifeState } from './run-life/life-state.ts';
import { brokenBy, hasCommand, outcomeText, truthShown } from './run-life/life-truth.ts';
import { platformSteps } from './run-life/platform-steps.ts';
import { serviceSteps } from './run-life/service-steps.ts';

/** An invariant that some history breaks, and the shortest history that does. */
export interface BrokenInvariant {
  readonly invariant: string;
  readonly steps: readonly string[];
}

export interface Exploration {
  readonly states: number;
  readonly edges: number;
  /** Records that differ in more than times: what was really decided about. */
  readonly records: number;
  readonly broken: readonly BrokenInvariant[];
}

/**
 * Goes through every order in which the life of one run can happen within the model's bounds, breadth first, with the real decision
 * of core on every edge, and holds each step against the truth. Then asks of each state whether a fair future leads to a true end.
 */
export async function exploreRunLife(model: LifeModel): Promise<Exploration> {
  const walk = new Walk(model);
  await walk.run();
  walk.askForEnds();
  return {
    states: walk.states.length,
    edges: walk.graph.from.length,
    records: walk.core.records.length - 1,
    broken: [...walk.broken.values()],
  };
}

class Walk {
  readonly core: Decisions;
  readonly states: LifeState[] = [];
  readonly graph = { from: [] as number[], to: [] as number[], kinds: [] as EdgeKind[] };
  readonly broken = new Map<string, BrokenInvariant>();
  readonly #model: LifeModel;
  readonly #numbers = new Map<string, number>();
  readonly #parents: { readonly from: number; readonly name: string }[] = [];
  /** What was true of the histories that left a record behind, by record. */
  readonly #truths = new Map<number, string>();

  constructor(model: LifeModel) {
    this.#model = model;
    this.core = new Decisions(model);
  }

  async run(): Promise<void> {
    this.#numberOf(firstState(this.#model), { from: -1, name: '' });
    for (let number = 0; number < this.states.length; number += 1) {
      const state = this.states[number]!;
      const steps = [...platformSteps(this.#model, state), ...(await serviceSteps(this.#model, this.core, state))];
      for (const edge of steps) this.#take(number, state, edge);
    }
  }

  #take(from: number, before: LifeState, { name, kind, to: after, wrong }: Edge): void {
    const step = { before, after, was: this.#recordOf(before), is: this.#recordOf(after) };
    for (const invariant of [...brokenBy(step), ...(wrong === undefined ? [] : [wrong])]) {
      this.#note(invariant, from, name);
    }
    const to = this.#numberOf(after, { from, name });
    if (to === from) return;
    this.graph.from.push(from);
    this.graph.to.push(to);
    this.graph.kinds.push(kind);
    if (step.is && isTerminal(step.is.status)) this.#compareTruths(after, from, name);
  }

  /** [evidence-tells-truth]: two histories that differ in what has to show differ in what is stored. */
  #compareTruths(state: LifeState, from: number, name: string): void {
    const truth = truthShown(state, this.#recordOf(state)?.facts.stop !== undefined);
    if (truth === undefined) return;
    const known = this.#truths.get(state.record);
    if (known === undefined) this.#truths.set(state.record, truth);
    else if (known !== truth) this.#note('evidence-tells-truth', from, name);
  }

  #recordOf({ record }: LifeState) {
    return record === 0 ? undefined : this.core.execution(record);
  }

  #numberOf(state: LifeState, parent: { readonly from: number; readonly name: string }): number {
    const key = stateKey(state);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.states.push(state) - 1;
    this.#numbers.set(key, number);
    this.#parents.push(parent);
    return number;
  }

  #note(invariant: string, from: number, ...last: string[]): void {
    if (this.broken.has(invariant)) return;
    const steps = [...last];
    for (let at = from; at > 0; at = this.#parents[at]!.from) steps.unshift(this.#parents[at]!.name);
    const record = this.#recordOf(this.states[from]!);
    if (record) steps.push(`(before the last step: ${outcomeText(record)})`);
    this.broken.set(invariant, { invariant, steps });
  }

  /** Faults have stopped, and whatever can happen happens in the end. */
  askForEnds(): void {
    const { core, states } = this;
    const graph: Graph = { size: states.length, ...this.graph };
    const facts = (state: number) => this.#recordOf(states[state]!)?.facts;
    const isOver = (state: number) => {
      const { record } = states[state]!;
      return record !== 0 && isTerminal(core.execution(record).status) && !hasCommand(states[state]!);
    };
    const ask = (what: string, over: readonly EdgeKind[], isMeant: (state: number) => boolean) => {
      const stuck = firstStuck(graph, over, isOver, isMeant);
      if (stuck !== undefined) this.#note(`not-terminal-in-bound: ${what}`, stuck);
    };
    ask('the command ended, or will', ['sys', 'user'], () => true);
    ask('a stop is stored, the command runs on', ['sys'], (state) => facts(state)?.stop !== undefined);
    ask('the runner is dead, its command lives', ['sys'], (state) =>
      states[state]!.lives.some(({ stage }) => stage === 'orphan'),
    );
    ask('its report or its end is stored', ['sys'], (state) => {
      const { report, bound, attempts } = facts(state) ?? { attempts: [] };
      return report !== undefined || attempts.some(({ attempt, end }) => attempt === bound?.attempt && end);
    });
  }
}
