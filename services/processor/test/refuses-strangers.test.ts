import { expect, test } from '@jest/globals';
import { refusesStrangers } from '../src/refuses-strangers.ts';

/** A front door that answers with these statuses, one after the other. */
function doorThat(...statuses: (number | Error)[]) {
  const asked: { readonly url: string; readonly headers: unknown }[] = [];
  const ask = async (url: unknown, init?: RequestInit) => {
    asked.push({ url: String(url), headers: init?.headers });
    const next = statuses.shift() ?? new Error('asked once more');
    if (next instanceof Error) throw next;
    return new Response(null, { status: next });
  };
  return { asked, ask: ask as typeof fetch };
}

test('a service is ready once its own front refuses a call without a token, and asks no more', async () => {
  const door = doorThat(403);
  const check = refusesStrangers('https://processor', door.ask);
  await check();
  await check();
  expect(door.asked).toEqual([{ url: 'https://processor/health', headers: undefined }]);
});

test.each([[200], [204], [302], [404], [500], [new Error('no route')]])(
  'a service is not ready while its front answers %s',
  async (answer) => {
    const check = refusesStrangers('https://processor', doorThat(answer, 401).ask);
    await expect(check()).rejects.toThrow();
    await check();
  },
);
