import type { RunRequest } from '@runvoy/protocol';
import { Failure } from '../src/failure.ts';
import { isOutage, type Services } from './services.ts';
import type { World } from './world.ts';

const AGAIN_MS = 2_000;
const PATIENCE_MS = 30_000;

/** A person with a command line: asks until there is an answer, always with the same key. */
export class Client {
  readonly label: string;
  readonly #user: string;
  /** The id that an answer told. */
  executionId: string | undefined;
  readonly #world: World;
  readonly #someServices: (where: string) => Services | undefined;
  readonly #request: RunRequest;
  #submitsUnderWay = 0;
  #stopsAsked = 0;

  constructor(
    world: World,
    { label, user }: { readonly label: string; readonly user: string },
    request: RunRequest,
    someServices: (where: string) => Services | undefined,
  ) {
    this.#world = world;
    this.label = label;
    this.#user = user;
    this.#request = request;
    this.#someServices = someServices;
  }

  submit(): void {
    this.#submitOnce();
    if (this.#world.strikes('client-twice', `submit of ${this.label}`)) this.#submitOnce();
  }

  #submitOnce(): void {
    const world = this.#world;
    const where = `submit of ${this.label} ${world.nth(`submit of ${this.label}`)}`;
    this.#submitsUnderWay += 1;
    if (this.#submitsUnderWay > 1) world.reach('submit-twice-at-once');
    this.#ask(
      where,
      (services) => services.submit(this.#request, this.#user, `key of ${this.label}`, this.label),
      (id) => {
        this.#submitsUnderWay -= 1;
        if (this.executionId === id) world.reach('submit-repeated');
        if (this.executionId !== undefined && this.executionId !== id) {
          world.violate('idempotency', `${this.label}: one key was answered with two runs`);
        }
        this.executionId = id;
      },
      () => {
        this.#submitsUnderWay -= 1;
        if (this.executionId === undefined) world.after(AGAIN_MS, () => this.#submitOnce());
      },
    );
  }

  stop(graceMs?: number): void {
    this.#stopOnce(graceMs);
    if (this.#world.strikes('client-twice', `stop of ${this.label}`)) this.#stopOnce(graceMs);
  }

  #stopOnce(graceMs: number | undefined): void {
    const world = this.#world;
    const id = this.executionId;
    if (id === undefined) {
      world.after(AGAIN_MS, () => this.#stopOnce(graceMs));
      return;
    }
    const run = world.runs.get(id);
    if (run) run.stopAskedMs ??= world.nowMs;
    this.#stopsAsked += 1;
    const where = `stop of ${this.label} ${this.#stopsAsked}`;
    world.trace.step(`a client asks to stop ${this.label}${graceMs === undefined ? '' : ` within ${graceMs} ms`}`);
    this.#ask(
      where,
      async (services) => services.stop(id, graceMs),
      () => undefined,
      () => world.after(AGAIN_MS, () => this.#stopOnce(graceMs)),
    );
  }

  #ask<T>(
    where: string,
    work: (services: Services) => Promise<T>,
    done: (answer: T) => void,
    failed: () => void,
  ): void {
    const world = this.#world;
    const services = this.#someServices(where);
    if (!services) return failed();
    let isOver = false;
    const once = (tell: () => void) => {
      if (isOver) return;
      isOver = true;
      tell();
    };
    services.instance.whenDead(() => once(failed));
    const giveUp = world.after(PATIENCE_MS, () => once(failed));
    world.begin(async () => {
      try {
        const answer = await work(services);
        giveUp();
        if (world.strikes('client-answer-lost', where)) {
          world.trace.step(`the answer to the ${where} is lost`);
          // Told all the same to whoever checks: an answer that was given must hold.
          return once(failed);
        }
        once(() => done(answer));
      } catch (error) {
        if (!(error instanceof Failure) && !isOutage(error)) throw error;
        giveUp();
        once(failed);
      }
    });
  }
}
