import type { EmulatorKind } from './emulators/emulator-programs.ts';
import { emulatorProgram } from './emulators/emulator-programs.ts';
import { freePort } from './emulators/free-port.ts';
import { startProcessGroup } from './emulators/process-group.ts';

/** A running official emulator. */
export interface Emulator {
  /** `127.0.0.1:<port>`, the form of `FIRESTORE_EMULATOR_HOST` and `PUBSUB_EMULATOR_HOST`. */
  readonly host: string;
  /** Aborted when it has ended, for whatever reason. */
  readonly ended: AbortSignal;
  /** The end of what it has printed. */
  printed(): string;
  /** Ends it and everything it has started, within 15 s, and removes its files. May be called again. */
  stop(): Promise<void>;
}

export { whyNoEmulators } from './emulators/emulator-programs.ts';

// Two busy cores need 9 s for both; a cold laptop with a virus scanner has been seen at a minute.
const READY_WITHIN_MS = 120_000;
const LOOK_EVERY_MS = 100;
const TRIES = 3;

/** Starts the official Firestore emulator on a port the kernel chose. Rejects, naming what it printed, when it does not answer. */
export const startFirestoreEmulator = (): Promise<Emulator> => startEmulator('firestore');

/** Starts the official Pub/Sub emulator on a port the kernel chose. Rejects, naming what it printed, when it does not answer. */
export const startPubSubEmulator = (): Promise<Emulator> => startEmulator('pubsub');

async function startEmulator(kind: EmulatorKind): Promise<Emulator> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const host = `127.0.0.1:${port}`;
    const program = emulatorProgram(kind, port);
    const group = startProcessGroup(program);
    if (await answers(host, group.ended)) {
      return { host, ended: group.ended, printed: () => group.printed(), stop: () => group.stop() };
    }
    await group.stop();
    // Between our look and its bind another process may take the port.
    const taken = /address already in use|failed to bind/i.test(group.printed());
    if (taken && tries < TRIES) continue;
    throw new Error(`The ${kind} emulator did not answer on ${host}. It printed: ${group.printed() || 'nothing'}`);
  }
}

/** Whether `GET /` answers before the process ends or the time is over; an open port alone does not say that it serves. */
async function answers(host: string, ended: AbortSignal): Promise<boolean> {
  const over = AbortSignal.any([ended, AbortSignal.timeout(READY_WITHIN_MS)]);
  while (!over.aborted) {
    try {
      const answer = await fetch(`http://${host}/`, { signal: AbortSignal.any([over, AbortSignal.timeout(2_000)]) });
      await answer.arrayBuffer();
      if (answer.ok) return true;
    } catch {
      // Not listening yet.
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  return false;
}
