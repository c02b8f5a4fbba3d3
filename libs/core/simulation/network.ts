import type { BootstrapRequest, FinishedMessage, HeartbeatMessage, LogsMessage } from '@runvoy/protocol';
import { Failure } from '../src/failure.ts';
import { SimulatedOutage, type Instance } from './instance.ts';
import type { World } from './world.ts';

export type RunnerCall =
  | { readonly kind: 'bootstrap'; readonly body: BootstrapRequest }
  | { readonly kind: 'logs'; readonly body: LogsMessage }
  | { readonly kind: 'heartbeat'; readonly body: HeartbeatMessage }
  | { readonly kind: 'finished'; readonly body: FinishedMessage };

/** What became of a message, as the runner's own client sees it. */
export interface Reply {
  readonly outcome: 'accepted' | 'unreachable' | 'unacceptable' | 'dismissed';
  readonly body: unknown;
}

const PLAIN_MS = 5;
const LATE_MS = 20_000;
const ANSWER_MS = 30_000;
const REFUSED_MS = 50;
const DISMISSED = new Set([401, 403, 404, 410]);

/** Carries runners' messages to whichever instance is alive. Messages are lost, doubled, late, and overtake each other. */
export class Network {
  readonly #world: World;
  readonly #someInstance: (where: string) => Instance | undefined;
  readonly #handle: (instance: Instance, executionId: string, call: RunnerCall) => Promise<object>;
  readonly #cutSince = new Map<string, boolean>();

  constructor(
    world: World,
    someInstance: (where: string) => Instance | undefined,
    handle: (instance: Instance, executionId: string, call: RunnerCall) => Promise<object>,
  ) {
    this.#world = world;
    this.#someInstance = someInstance;
    this.#handle = handle;
  }

  /** Sends once; tells what became of it, once. */
  post(sender: string, executionId: string, call: RunnerCall, tell: (reply: Reply) => void): void {
    const world = this.#world;
    const where = `${sender} ${call.kind} ${world.nth(`${sender} ${call.kind}`)}`;
    let isTold = false;
    const tellOnce = (reply: Reply) => {
      if (isTold) return;
      isTold = true;
      tell(reply);
    };
    const unreachable = () => tellOnce({ outcome: 'unreachable', body: undefined });
    if (call.kind === 'logs' && world.strikes('batch-refused', where)) {
      world.after(PLAIN_MS, () => tellOnce({ outcome: 'unacceptable', body: undefined }));
      return;
    }
    if (this.#isLost(sender, call, where)) {
      world.trace.detail(`${where} is lost`);
      world.after(ANSWER_MS, unreachable);
      return;
    }
    this.#carry(executionId, call, where, tellOnce, unreachable);
    if (world.strikes('request-twice', where)) {
      if (call.kind === 'logs') world.reach('batch-twice');
      world.trace.detail(`${where} is doubled`);
      this.#carry(
        executionId,
        call,
        `${where} again`,
        () => undefined,
        () => undefined,
      );
    }
  }

  #isLost(sender: string, call: RunnerCall, where: string): boolean {
    const world = this.#world;
    if (world.isCut('runner and intake')) return true;
    if (call.kind !== 'bootstrap') {
      const known = this.#cutSince.get(sender);
      const isCut = known ?? world.strikes('fast-lane-cut', sender);
      if (known === undefined) {
        this.#cutSince.set(sender, isCut);
        if (isCut) world.trace.step(`from now on nothing of ${sender} arrives by the fast lane`);
      }
      if (isCut && !world.isHealing) return true;
    }
    if (!world.strikes('request-lost', where)) return false;
    world.trace.step(`${where} is lost`);
    return true;
  }

  #carry(
    executionId: string,
    call: RunnerCall,
    where: string,
    tell: (reply: Reply) => void,
    unreachable: () => void,
  ): void {
    const world = this.#world;
    world.after(world.delay('message-late', where, PLAIN_MS, LATE_MS), () => {
      const instance = this.#someInstance(where);
      if (!instance) {
        world.reach('nobody-home');
        world.after(REFUSED_MS, unreachable);
        return;
      }
      world.after(ANSWER_MS, unreachable);
      instance.whenDead(() => world.after(REFUSED_MS, unreachable));
      world.begin(async () => {
        const reply = await this.#answer(instance, executionId, call);
        if (world.strikes('answer-lost', where)) {
          world.trace.step(`the answer to ${where} is lost`);
          return;
        }
        world.after(world.delay('message-late', `${where} answer`, PLAIN_MS, LATE_MS), () => tell(reply));
      });
    });
  }

  async #answer(instance: Instance, executionId: string, call: RunnerCall): Promise<Reply> {
    try {
      return { outcome: 'accepted', body: await this.#handle(instance, executionId, call) };
    } catch (error) {
      return { outcome: outcomeOf(error), body: undefined };
    }
  }
}

/** As the runner's client judges the status of an answer. */
function outcomeOf(error: unknown): Reply['outcome'] {
  if (error instanceof SimulatedOutage) return 'unreachable';
  if (!(error instanceof Failure)) throw error;
  if (DISMISSED.has(error.status)) return 'dismissed';
  return error.status >= 500 ? 'unreachable' : 'unacceptable';
}
