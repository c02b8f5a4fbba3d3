import { fileURLToPath } from 'node:url';
import { newGate } from '../services/standalone/test/gate.ts';
import { openWatchers, type Watched } from './watchers.ts';

const WRITER = fileURLToPath(new URL('subjects/timed-writer.ts', import.meta.url));
/** A writer that is held up writes later, and its lines would look better than they were. */
const MOST_HELD_UP = 1.1;

/** An even stream of timed lines, and how many follow it. */
export interface TimedWriting {
  readonly perSecond: number;
  readonly seconds: number;
  readonly followers: number;
}

/**
 * Lets a command write while `followers` watch it, who are there before its first line. `start` starts the command and answers where
 * it is followed. Rejects when a follower missed a line, or the command could not keep its pace.
 */
export async function watchWriting(
  { perSecond, seconds, followers }: TimedWriting,
  sharedDirectory: string,
  start: (command: string) => Promise<string>,
): Promise<Watched> {
  const gate = newGate(sharedDirectory);
  const address = await start(`read x < ${gate.path}; exec ${process.execPath} ${WRITER} ${perSecond} ${seconds}`);
  await using watchers = await openWatchers(address, followers, perSecond * seconds);
  gate.open();
  const watched = await watchers.done;
  if (watched.writingS > seconds * MOST_HELD_UP) {
    throw new Error(`the command was to write for ${seconds} s and needed ${watched.writingS.toFixed(1)} s`);
  }
  return watched;
}
