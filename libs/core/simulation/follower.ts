import { Failure, isFailure } from '../src/failure.ts';
import { FRAME_READERS, type FrameReader, type Said } from './frame-reader.ts';
import type { LiveDoor } from './live-door.ts';
import type { ReaderPlan } from './plan.ts';
import type { RunTruth } from './run-truth.ts';
import { SeenLog } from './seen-log.ts';
import { isOutage } from './services.ts';
import { Stream } from './stream.ts';
import type { Situation } from './reached.ts';
import type { World } from './world.ts';

const RETRY_MS = 1_000;
/** How a bare frame names what will not come, under the number of the last of it. */
const MISSING = /^### runvoy: lines? (\d+)(?:-(\d+))? (?:is|are) missing$/;
const OPEN_MS = 5;
const PATIENCE_MS = 40_000;
const REACHED = {
  v2: 'reader-of-v2',
  events: 'reader-of-events',
  bare: 'reader-of-bare-frames',
} as const satisfies Record<string, Situation>;

/** Somebody who follows a run over live connections, and comes back with the number of the last line each time one breaks. */
export class Follower {
  isDone = false;
  /** It was told that the log is not kept any more. */
  isToldExpired = false;
  readonly name: string;
  readonly #world: World;
  readonly #run: RunTruth;
  readonly #form: keyof typeof REACHED;
  readonly #reader: FrameReader;
  readonly #seen: SeenLog;
  readonly #someDoor: (where: string) => LiveDoor | undefined;
  #stream: Stream | undefined;
  #frames = 0;

  constructor(
    world: World,
    run: RunTruth,
    { form, cursor }: Pick<ReaderPlan, 'cursor'> & { readonly form: keyof typeof REACHED },
    someDoor: (where: string) => LiveDoor | undefined,
  ) {
    this.#world = world;
    this.#run = run;
    this.#form = form;
    this.#reader = FRAME_READERS[form];
    this.#someDoor = someDoor;
    this.name = `${form} reader ${world.nth('reader')} of ${run.label}`;
    this.#seen = new SeenLog(world, run, cursor, this.name);
    if (run.endStoredMs !== undefined) world.reach('reader-joins-late');
    this.#connect();
  }

  #toldExpired(): void {
    this.isDone = true;
    this.isToldExpired = true;
    this.#seen.expired();
  }

  checkShown(healingMs: number): void {
    if (!this.isDone) this.#seen.checkShown(healingMs);
  }

  #connect(): void {
    const world = this.#world;
    if (this.isDone) return;
    const where = `${this.name} connection ${world.nth(this.name)}`;
    const door = this.#someDoor(where);
    if (!door || world.isCut('reader and live view')) return this.#again();
    let isOver = false;
    const stream = new Stream(world, where, {
      frame: (frame, sentMs) => this.#stream === stream && this.#take(frame, sentMs, stream),
      closed: () => {
        if (isOver) return;
        isOver = true;
        if (!door.instance.isAlive) world.reach('reader-crosses-crash');
        if (this.#stream === stream) this.#again();
      },
    });
    this.#stream = stream;
    door.instance.whenDead(() => stream.reset());
    world.after(OPEN_MS, () => this.#open(door, stream));
    // Whoever is not let in for so long tries elsewhere.
    const framesBefore = this.#frames;
    world.after(PATIENCE_MS, () => {
      if (this.#stream === stream && this.#frames === framesBefore && !this.isDone) stream.breakOff();
    });
  }

  #open(door: LiveDoor, stream: Stream): void {
    this.#world.begin(async () => {
      try {
        await door.welcome(this.#run.id, this.#seen.cursor, this.#reader.form, stream);
      } catch (error) {
        if (isFailure(error, 'LOG_EXPIRED')) this.#toldExpired();
        else if (!(error instanceof Failure) && !isOutage(error)) throw error;
        stream.close();
      }
    });
  }

  #again(): void {
    this.#stream = undefined;
    this.#world.after(RETRY_MS, () => this.#connect());
  }

  #take(frame: Uint8Array, sentMs: number, stream: Stream): void {
    const world = this.#world;
    this.#frames += 1;
    this.#seen.saidMs = sentMs;
    for (const said of this.#reader.read(frame)) this.#hear(said);
    if (this.isDone || !world.strikes('reader-breaks', `${this.name} frame ${this.#frames}`)) return;
    world.reach('reader-resumes');
    world.trace.step(`${this.name} loses its connection after line ${this.#seen.cursor} and resumes`);
    stream.breakOff();
  }

  #hear(said: Said): void {
    const seen = this.#seen;
    if ('lines' in said) for (const line of said.lines) seen.line(line);
    else if ('from' in said) seen.gap(said.from, said.to);
    else if ('toldBare' in said) this.#hearBare(Number(said.toldBare.event_id), said.toldBare.message);
    else {
      this.isDone = true;
      this.#world.reach(REACHED[this.#form]);
      seen.end(said.end);
    }
  }

  /** Its number is all that a bare frame says of its place, and it has neither stream nor time as it was cut. */
  #hearBare(seq: number, text: string): void {
    const named = MISSING.exec(text);
    if (named) {
      const [from, to = from] = named.slice(1).map((number) => (number === undefined ? undefined : Number(number)));
      if (to !== seq)
        this.#world.violate('line-missing', `${this.name} is told of a gap to ${to} under the number ${seq}`);
      return this.#seen.gap(from!, to!);
    }
    const cut = this.#run.lines.find((line) => line.seq === seq);
    this.#seen.line({ ...(cut ?? { stream: 'stdout', ms: 0 }), seq, text });
  }
}
