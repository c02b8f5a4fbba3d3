import { isOutage, type Services } from './services.ts';
import { Failure } from '../src/failure.ts';
import type { Records } from '../src/records/records.ts';
import { checkDoors } from './every-door.ts';
import type { Follower } from './follower.ts';
import type { KeptBlobs } from './kept-blobs.ts';
import type { PageReader } from './page-reader.ts';
import type { ReaderForm, ReaderPlan } from './plan.ts';
import type { RunTruth } from './run-truth.ts';
import type { StoreWatch } from './store-watch.ts';
import type { Task } from './task.ts';
import { T0, type World } from './world.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** By then nothing that a runner signed is taken any more: eight days after the deadline of the last of them. */
const SESSIONS_OVER_DAY = 9;
/** Turns of the archiver while things go wrong. */
const TURNS = 3;
const SMALL_LINES = 100;
const READING_MS = 10 * MINUTE_MS;
const FORMS: readonly ReaderForm[] = ['v2', 'events', 'bare', 'pages'];

export interface YearsPlace {
  readonly world: World;
  readonly store: StoreWatch;
  readonly records: Records;
  readonly blobs: KeptBlobs;
  readonly keptDays: number;
  readonly tasks: () => readonly Task[];
  readonly runs: () => readonly RunTruth[];
  readonly everyServices: () => readonly Services[];
  readonly someServices: (where: string) => Services | undefined;
  readonly read: (run: RunTruth, reader: Pick<ReaderPlan, 'form' | 'cursor'>) => Follower | PageReader;
  /** Lets time pass. */
  readonly live: (isOver: () => boolean, untilMs: number) => Promise<void>;
}

/**
 * What becomes of logs in the years after: their records are removed when their runners' sessions are over, and all of them when they are
 * older than logs are kept. Each time things go wrong for some hours, then no more; then everything has to be as it should.
 */
export class LogYears {
  readonly #place: YearsPlace;
  /** Those who began to read while things went wrong. */
  readonly #readers: (Follower | PageReader)[] = [];
  #isStageOver = false;

  constructor(place: YearsPlace) {
    this.#place = place;
  }

  async pass(): Promise<void> {
    const { world, keptDays } = this.#place;
    const days = [SESSIONS_OVER_DAY, ...(keptDays > 0 ? [keptDays + 0.5] : [])].toSorted((a, b) => a - b);
    for (const day of days) if (!world.violation) await this.#stage(day);
  }

  async #stage(day: number): Promise<void> {
    const { world, live } = this.#place;
    this.#isStageOver = false;
    world.healingSinceMs = undefined;
    const beginMs = T0 + day * DAY_MS;
    const at = (ms: number, work: () => void) => world.after(beginMs + ms - world.nowMs, work);
    at(0, () => world.trace.step(`it is day ${day}, things go wrong again`));
    at(1, () => this.#tellAgain(`day ${day}`));
    for (let turn = 0; turn < TURNS; turn += 1) at(2 + turn * HOUR_MS, () => this.#turn(`day ${day} turn ${turn}`));
    at(3, () => this.#readInTrouble(day));
    at(TURNS * HOUR_MS, () => this.#heal());
    at(TURNS * HOUR_MS + 2 * MINUTE_MS, () => this.#turnOfAll());
    at((TURNS + 1) * HOUR_MS, () => this.#tellAgain(`day ${day}, afterwards`));
    // An hour after what has expired was removed first, it is looked after once more.
    at((TURNS + 1) * HOUR_MS + 3 * MINUTE_MS, () => this.#turnOfAll());
    at((TURNS + 2) * HOUR_MS, () => this.#turnInVain(day));
    await live(() => this.#isStageOver, beginMs + (TURNS + 3) * HOUR_MS);
    if (!world.violation) await this.#readAll(day);
  }

  #heal(): void {
    const { world } = this.#place;
    world.trace.step('from now on nothing goes wrong');
    world.healingSinceMs = world.nowMs;
  }

  /** Work of an instance; over when it is done, fails as ports do, or its instance dies. */
  #ask(services: Services, work: () => Promise<unknown>, done: () => void = () => undefined): void {
    const { world } = this.#place;
    let isOver = false;
    const over = () => {
      if (isOver) return;
      isOver = true;
      done();
    };
    services.instance.whenDead(over);
    world.begin(async () => {
      try {
        await work();
      } catch (error) {
        if (!(error instanceof Failure) && !isOutage(error)) throw error;
      }
      over();
    });
  }

  /** Both lanes bring everything once more: as long as it is taken it is known, and then nothing is taken. */
  #tellAgain(where: string): void {
    const { world, tasks, runs } = this.#place;
    const services = this.#place.someServices(`told again, ${where}`);
    if (!services) return;
    for (const task of tasks().toReversed()) {
      for (const entry of task.lane.toReversed()) this.#ask(services, () => services.pushed(task, entry));
    }
    for (const run of runs()) {
      for (const body of run.cut.values()) {
        if (world.wallMs >= body.expires_at) world.reach('late-after-session');
        this.#ask(services, () => services.runner(run.id, { kind: 'logs', body }));
      }
    }
  }

  #turn(where: string): void {
    const { world } = this.#place;
    if (world.strikes('tick-missed', where)) return;
    const who = world.choices.pick(`archivers of ${where}`, ['one', 'all', 'one twice']);
    const some = this.#place.someServices(where);
    const all = who === 'all' ? this.#place.everyServices() : some ? [some, ...(who === 'one' ? [] : [some])] : [];
    if (all.length > 1) world.reach('archivers-overlap');
    for (const services of all) this.#ask(services, () => services.archive());
  }

  #readInTrouble(day: number): void {
    const { world, runs, read } = this.#place;
    for (const run of runs()) {
      const form = FORMS[world.choices.bits(`form of ${run.label} day ${day}`) % FORMS.length]!;
      this.#readers.push(read(run, { form, cursor: 0 }));
    }
  }

  #turnOfAll(): void {
    for (const services of this.#place.everyServices()) this.#ask(services, () => services.archive());
  }

  /** [tick-idempotent]: where nothing is left to do, nothing is written, and nothing is left that should have been done. */
  #turnInVain(day: number): void {
    const { world, store } = this.#place;
    const before = store.writes;
    const services = this.#place.someServices(`the last turn of day ${day}`);
    if (!services) return world.violate('not-terminal-in-bound', 'no instance is alive although nothing goes wrong');
    this.#ask(
      services,
      () => services.archive(),
      () => {
        this.#isStageOver = true;
        if (store.writes !== before) world.violate('tick-idempotent', 'an archiver wrote with nothing left to do');
        for (const run of this.#place.runs()) this.#checkLeft(run, day);
        for (const reader of this.#readers.splice(0)) {
          if (!reader.isDone) world.violate('line-missing', `${reader.name} waits for ever`);
        }
      },
    );
  }

  /** What is left of a log: [archived-in-bound]. */
  #checkLeft(run: RunTruth, day: number): void {
    const { world, blobs, keptDays } = this.#place;
    const { log_expired, log_archive, archive_due_at_ms, end_record, facts } = run.execution!;
    const isSessionOver = day >= SESSIONS_OVER_DAY;
    const left = [...run.chunks.keys()].filter((from) => !run.removed.has(from)).length;
    const violate = (what: string) => world.violate('archived-in-bound', `${run.label}, day ${day}: ${what}`);
    if (facts.bound && keptDays > 0 && day > keptDays) {
      if (!log_expired) return violate(`its log is kept for ${keptDays} days and has not expired`);
      // Segments here are so small that even a log that stays as it was stored may be sealed while it grows; elsewhere none is.
      const mayBeForgotten = end_record !== undefined && end_record.lines <= SMALL_LINES;
      const names = [...blobs.blobs.keys()].filter((name) => name.startsWith(`logs/${run.id}/`));
      // Until then it stays in the queue: whatever comes or is sealed meanwhile goes in its turn.
      if (!isSessionOver) return;
      if (run.segments.size > 0 || (names.length > 0 && !mayBeForgotten))
        return violate('its log has expired and lies in the archive');
      if (left > 0) violate(`its log has expired and ${left} records of it are left`);
      return;
    }
    if (!isSessionOver || log_expired) return;
    if (blobs.hasDamaged(run.id)) {
      if (left > 0) world.reach('damaged-stays');
      return;
    }
    if (archive_due_at_ms !== undefined) return violate('the archiver has not come to its end');
    if (!log_archive) return;
    if (left > 0) return violate(`${left} records are left that a segment holds`);
    const storedBytes = [...run.segments.values()].reduce((sum, { stored_bytes }) => sum + stored_bytes, 0);
    if (log_archive.segments !== run.segments.size || log_archive.stored_bytes !== storedBytes) {
      violate('its manifest does not tell of what is there');
    }
  }

  /** Every line that was ever stored is read by every form of reader and through every door, or all are told that it expired. */
  async #readAll(day: number): Promise<void> {
    const { world, records, blobs, live, read } = this.#place;
    const readers = this.#place.runs().flatMap((run) =>
      FORMS.map((form) => {
        const cursor = world.choices.bits(`${form} of ${run.label} day ${day}`) % 3 === 0 ? 1 : 0;
        return { run, reader: read(run, { form, cursor }) };
      }),
    );
    const untilMs = world.nowMs + READING_MS;
    await live(() => readers.every(({ reader }) => reader.isDone), untilMs);
    for (const { run, reader } of readers) {
      if (!reader.isDone) world.violate('line-missing', `${reader.name} is not shown the end on day ${day}`);
      const isExpired = run.execution?.log_expired !== undefined;
      if (reader.isToldExpired !== isExpired) {
        world.violate('line-missing', `${reader.name} is ${isExpired ? 'not ' : ''}told that the log has expired`);
      }
      if (!isExpired && run.chunks.size > 0 && run.removed.size === run.chunks.size)
        world.reach('reader-of-sealed-log');
    }
    for (const run of this.#place.runs()) {
      if (!world.violation && !run.execution?.log_expired) await checkDoors(world, run, { records, archive: blobs });
    }
  }
}
