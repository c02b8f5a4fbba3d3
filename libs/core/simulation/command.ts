import type { Cancel } from './schedule.ts';
import type { World } from './world.ts';

/** What a command does, left alone and when it is asked to end. */
export interface CommandPlan {
  /** When it writes, after its start, and how many lines each time. */
  readonly writes: readonly { readonly afterMs: number; readonly lines: number }[];
  readonly endsAfterMs: number;
  readonly exitCode: number;
  readonly onTerm: 'obeys' | 'exits 0' | 'ignores';
}

export type CommandEnd = { readonly code: number } | { readonly signal: 'SIGTERM' | 'SIGKILL' };

const OBEYS_AFTER_MS = 200;

/** A process of the user's. It lives on when nobody watches it. */
export class Command {
  isAlive = true;
  onOutput: (texts: readonly string[]) => void;
  onEnd: (end: CommandEnd) => void;
  readonly #world: World;
  readonly #plan: CommandPlan;
  readonly #pending: Cancel[] = [];
  #hasTerm = false;

  constructor(
    world: World,
    plan: CommandPlan,
    run: { readonly label: string; readonly written: string[] },
    { onOutput, onEnd }: { onOutput: (texts: readonly string[]) => void; onEnd: (end: CommandEnd) => void },
  ) {
    this.#world = world;
    this.#plan = plan;
    this.onOutput = onOutput;
    this.onEnd = onEnd;
    for (const { afterMs, lines } of plan.writes) {
      const write = () => {
        const texts = Array.from(
          { length: lines },
          (_, index) => `${run.label} says ${run.written.length + index + 1}`,
        );
        run.written.push(...texts);
        this.onOutput(texts);
      };
      this.#pending.push(world.after(afterMs, () => this.isAlive && write()));
    }
    this.#pending.push(world.after(plan.endsAfterMs, () => this.#end({ code: plan.exitCode })));
  }

  signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    if (!this.isAlive) return;
    if (signal === 'SIGKILL') return this.#end({ signal });
    if (this.#hasTerm || this.#plan.onTerm === 'ignores') return;
    this.#hasTerm = true;
    const end = this.#plan.onTerm === 'obeys' ? { signal } : { code: 0 };
    this.#pending.push(this.#world.after(OBEYS_AFTER_MS, () => this.#end(end)));
  }

  #end(end: CommandEnd): void {
    if (!this.isAlive) return;
    this.isAlive = false;
    for (const cancel of this.#pending) cancel();
    this.onEnd(end);
  }
}
