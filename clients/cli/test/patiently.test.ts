import { expect, test } from '@jest/globals';
import { RunvoyError } from '@runvoy/sdk/client';
import { openPatience } from '../src/patiently.ts';

const away = new RunvoyError('nobody answers', { code: 'UNREACHABLE' });
const refused = new RunvoyError('no such image', { code: 'NOT_FOUND', status: 404 });

/** A server that is away for some requests; and what was said and waited meanwhile. */
function awayFor(times: number) {
  const said: string[] = [];
  const waits: number[] = [];
  let asked = 0;
  const patiently = openPatience(
    (why) => said.push(why),
    async (ms) => void waits.push(ms),
  );
  const ask = () => patiently(async () => ((asked += 1) <= times ? Promise.reject(away) : 'answer'));
  return { ask, patiently, said, waits };
}

test('A server that is away is asked again, and whoever waits is told so once', async () => {
  const { ask, said, waits } = awayFor(3);
  expect(await ask()).toBe('answer');
  expect(said).toEqual(['waiting for the server, and asking again: nobody answers']);
  expect(waits).toHaveLength(3);
});

test('A server that stays away is given up with its last error', async () => {
  const { ask } = awayFor(Infinity);
  await expect(ask()).rejects.toBe(away);
});

test('What the server refuses is not asked again', async () => {
  const { patiently, said } = awayFor(0);
  await expect(patiently(() => Promise.reject(refused))).rejects.toBe(refused);
  expect(said).toEqual([]);
});
