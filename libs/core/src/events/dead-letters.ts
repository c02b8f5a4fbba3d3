import { openAudit, type ActedBy } from '../audit/audit.ts';
import { Failure } from '../failure.ts';
import type { Cursor, Records, Stored, Tx } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import {
  deadLetterIdOf,
  deadLetterRef,
  deadLettersByState,
  isDeadLetterId,
  settled,
  withDeath,
  type DeadLetter,
  type Death,
} from './dead-letter.ts';
import type { EventBus } from './event-bus.ts';
import { addReplayToOutbox, drainOutbox } from './outbox.ts';

/** A dead letter with the id it is asked for by. */
export interface KnownDeadLetter {
  readonly id: string;
  readonly letter: DeadLetter;
}

/** What was put aside, for operators to see and to send again. */
export interface DeadLetters {
  /** The open ones, the longest dead first; `after` is the `next` of the page before. */
  list(page: {
    readonly after?: Cursor | undefined;
    readonly limit: number;
  }): Promise<{ readonly letters: readonly KnownDeadLetter[]; readonly next?: Cursor }>;
  /** One in any state. Fails with `NOT_FOUND`. */
  get(id: string): Promise<KnownDeadLetter>;
  /**
   * Sends the event once more and says who asked for it. `sent: false`: the bus did not answer, and the next tick sends it.
   * Fails with `NOT_FOUND`, with `CONFLICT` when it is not open, and with `UNPROCESSABLE` when the event was too large to be kept.
   */
  replay(id: string, by: ActedBy): Promise<KnownDeadLetter & { readonly sent: boolean }>;
  /** Gives the event up. Twice is once. Fails with `NOT_FOUND`, and with `CONFLICT` when it was sent again already. */
  drop(id: string, by: ActedBy): Promise<KnownDeadLetter>;
  /** How many are open. */
  count(): Promise<number>;
}

export interface DeadLettersDeps {
  readonly records: Records;
  readonly clock: Clock;
  /** Absent: replays wait for the next tick. */
  readonly bus?: Pick<EventBus, 'publish'> | undefined;
}

/** Keeps an event with the reason why nobody could carry it out. Resolves when it is stored: only then may it be acknowledged. */
export async function recordDeath(
  { records, clock }: { readonly records: Records; readonly clock: Clock },
  death: Death,
): Promise<KnownDeadLetter> {
  const id = deadLetterIdOf(death.event);
  return records.transact(async (tx) => {
    const known = await tx.get(deadLetterRef(id));
    const letter = withDeath(known, death, clock.now());
    if (letter) tx.set(deadLetterRef(id), letter);
    return { id, letter: letter ?? known! };
  });
}

/** The dead letters of a deployment, on its records. */
export function openDeadLetters(deps: DeadLettersDeps): DeadLetters {
  const { records } = deps;
  return {
    async list({ after, limit }) {
      const page = await records.page(deadLettersByState, { equal: { state: 'open' }, limit }, after);
      return { letters: page.records.map(known), ...(page.next === undefined ? {} : { next: page.next }) };
    },
    async get(id) {
      const stored = isDeadLetterId(id) ? await records.get(deadLetterRef(id)) : undefined;
      if (!stored) throw notFound(id);
      return known(stored);
    },
    async replay(id, by) {
      const letter = await settle(deps, id, by, 'replayed');
      // Stored with the change: a crash from here on loses nothing, and a bus that does not answer is asked again by the tick.
      const sent = deps.bus ? await drainOutbox({ records, bus: deps.bus }).then(yes, no) : false;
      return { id, letter, sent };
    },
    drop: async (id, by) => ({ id, letter: await settle(deps, id, by, 'dropped') }),
    count: () => records.count(deadLettersByState, { equal: { state: 'open' } }),
  };
}

const known = ({ id, value }: Stored<DeadLetter>): KnownDeadLetter => ({ id, letter: value });
const yes = () => true;
const no = () => false;

/** Stores what becomes of a letter, who decided it, and what follows from it, in one transaction. */
function settle(
  { records, clock }: DeadLettersDeps,
  id: string,
  by: ActedBy,
  state: 'replayed' | 'dropped',
): Promise<DeadLetter> {
  if (!isDeadLetterId(id)) throw notFound(id);
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const before = await openLetter(tx, id, state);
    if (before.state === 'dropped') return before;
    const nowMs = clock.now();
    const after = settled(before, state, by, nowMs);
    tx.set(deadLetterRef(id), after);
    if (state === 'replayed') addReplayToOutbox(tx, id, nowMs);
    audit({
      at_ms: nowMs,
      action: state === 'replayed' ? 'dead-letter.replay' : 'dead-letter.drop',
      by,
      subject: id,
      details: { event_id: before.event_id, type: before.type, reason: before.reason },
    });
    return after;
  });
}

async function openLetter(tx: Tx, id: string, wanted: 'replayed' | 'dropped'): Promise<DeadLetter> {
  const letter = await tx.get(deadLetterRef(id));
  if (!letter) throw notFound(id);
  if (letter.state === 'dropped' && wanted === 'dropped') return letter;
  if (letter.state !== 'open') {
    const { by = 'somebody', at_ms = 0 } = letter.settled ?? {};
    throw new Failure(
      'CONFLICT',
      `Dead letter ${id} was ${letter.state} by ${by} at ${new Date(at_ms).toISOString()}. It is open again when it fails again.`,
    );
  }
  if (wanted === 'replayed' && letter.event === undefined) {
    throw new Failure(
      'UNPROCESSABLE',
      `The event of dead letter ${id} has ${letter.event_bytes} bytes and was not kept, so it cannot be sent again. Drop it.`,
    );
  }
  return letter;
}

function notFound(id: string): Failure {
  return new Failure(
    'NOT_FOUND',
    `No dead letter ${id.slice(0, 80)}. List the open ones with "runvoy dead-letters list".`,
  );
}
