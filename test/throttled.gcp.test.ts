import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { follow, texts } from '../services/standalone/test/follower.ts';
import { poll } from '../services/standalone/test/server.ts';
import { ROLES } from '../tools/emulated/deployment.ts';
import { startEmulatedServer } from './emulated-server.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const title = `services without CPU between requests${why === undefined ? '' : ` — skipped: ${why}`}`;

const isStopped = (pid: number) => /^State:\s+T/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

(why === undefined ? describe : describe.skip)(title, () => {
  test('two of each, show a run live and whole, settle it, and sleep again', async () => {
    await using server = await startEmulatedServer({ instances: 2, throttled: true, ticking: false });
    const all = ROLES.flatMap((role) => server.stack.instances(role));
    const asleep = () => poll(() => (all.every(({ pid }) => isStopped(pid)) ? true : undefined));
    await asleep();
    const run = await server.run('for i in 1 2 3; do echo $i; sleep 1; done; exit 7');
    const followers = await Promise.all([1, 2, 3].map(() => follow(run.websocket_url).done));
    for (const followed of followers) {
      expect(texts(followed)).toEqual(['1', '2', '3']);
      expect(followed.end).toMatchObject({ completeness: 'complete' });
      expect(followed.statuses.at(-1)).toMatchObject({ status: 'FAILED', exit_code: 7 });
    }
    await asleep();
  }, 120_000);
});
