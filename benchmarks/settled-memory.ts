import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const ROUNDS = 3;

/** What this process keeps once everything is collected, bytes. */
export async function settledMemory(): Promise<number> {
  for (let round = 0; round < ROUNDS; round += 1) {
    // Sockets close and callbacks run between two turns.
    await new Promise((resolve) => setTimeout(resolve, 50));
    collectGarbage();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
