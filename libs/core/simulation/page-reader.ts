import { isTerminal } from '@runvoy/protocol';
import { Failure, isFailure } from '../src/failure.ts';
import type { RunTruth } from './run-truth.ts';
import { SeenLog } from './seen-log.ts';
import { isOutage, type Services } from './services.ts';
import type { World } from './world.ts';

const POLL_MS = 2_000;
const LIMITS = [3, 25];

/** Somebody with nothing but HTTP: asks for the next page with the last one's `next_after`, until there is none. */
export class PageReader {
  isDone = false;
  /** It was told that the log is not kept any more. */
  isToldExpired = false;
  readonly name: string;
  readonly #world: World;
  readonly #run: RunTruth;
  readonly #seen: SeenLog;
  readonly #someServices: (where: string) => Services | undefined;
  readonly #limit: number;
  #after: number;

  constructor(
    world: World,
    run: RunTruth,
    { cursor }: { readonly cursor: number },
    someServices: (where: string) => Services | undefined,
  ) {
    this.#world = world;
    this.#run = run;
    this.#after = cursor;
    this.#someServices = someServices;
    this.name = `pages reader ${world.nth('reader')} of ${run.label}`;
    this.#limit = LIMITS[world.choices.bits(`limit of ${this.name}`) % LIMITS.length]!;
    this.#seen = new SeenLog(world, run, cursor, this.name);
    if (run.endStoredMs !== undefined) world.reach('reader-joins-late');
    this.#ask();
  }

  #toldExpired(): void {
    this.isDone = true;
    this.isToldExpired = true;
    this.#seen.expired();
  }

  checkShown(healingMs: number): void {
    if (!this.isDone) this.#seen.checkShown(healingMs);
  }

  #ask(): void {
    const world = this.#world;
    const where = `${this.name} page ${world.nth(this.name)}`;
    const services = this.#someServices(where);
    if (!services || world.isCut('reader and API')) return this.#askLater(POLL_MS);
    let isOver = false;
    const again = (ms: number) => {
      if (!isOver) this.#askLater(ms);
      isOver = true;
    };
    services.instance.whenDead(() => again(POLL_MS));
    world.begin(async () => {
      try {
        const answer = await services.logPage(this.#run.id, this.#after, this.#limit);
        if (isOver) return;
        if (world.strikes('page-lost', where)) {
          world.reach('reader-resumes');
          return again(POLL_MS);
        }
        if (this.#take(answer)) isOver = true;
        else again(answer.page.lines.length === this.#limit ? 10 : POLL_MS);
      } catch (error) {
        if (isFailure(error, 'LOG_EXPIRED')) this.#toldExpired();
        else if (!(error instanceof Failure) && !isOutage(error)) throw error;
        again(POLL_MS);
      }
    });
  }

  #askLater(ms: number): void {
    if (this.isDone) return;
    this.#world.after(ms, () => this.#ask());
  }

  /** True when it was the last page. What is missing between two lines the answer has named. */
  #take({ execution, page }: Awaited<ReturnType<Services['logPage']>>): boolean {
    const world = this.#world;
    const seen = this.#seen;
    const gaps = page.assessment?.gaps ?? [];
    for (const line of page.lines) {
      const gap = gaps.find(({ from, to }) => from <= seen.cursor + 1 && to > seen.cursor && to === line.seq - 1);
      if (gap) seen.gap(seen.cursor + 1, gap.to);
      seen.line(line);
    }
    if (page.next_after !== undefined) {
      this.#after = page.next_after;
      const isHeldUp =
        page.lines.length < this.#limit && [...this.#run.chunks.keys()].some((from) => from > seen.cursor + 1);
      if (isHeldUp) world.reach('reader-waits-for-hole');
      return false;
    }
    this.isDone = true;
    world.reach('reader-of-pages');
    const { completeness = 'running', lines = 0, sha256 } = page.assessment ?? {};
    if (!isTerminal(execution.status)) world.violate('end-before-terminal', `${this.name} has a last page too early`);
    const rest = gaps.find(({ from, to }) => from <= seen.cursor + 1 && to > seen.cursor);
    if (rest) seen.gap(seen.cursor + 1, rest.to);
    seen.end({ completeness, lines: Math.max(lines, seen.shown), sha256: sha256 ?? null });
    return true;
  }
}
