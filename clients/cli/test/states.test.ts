import { expect, test } from '@jest/globals';
import { retryDelayMs } from '@runvoy/sdk/client';
import { shortStartedText, startedText } from '../src/started-text.ts';
import { stopSteps, waitingText, whyText } from '@runvoy/sdk/texts';
import { readClaim } from '../src/commands/claim.ts';

const at = (seconds: number) => new Date(seconds * 1_000).toISOString();

test('a stop is told step by step', () => {
  expect(stopSteps({ requested: at(0) })).toBe('requested');
  expect(stopSteps({ requested: at(0), signalled: at(1) })).toBe('requested → SIGTERM');
  expect(stopSteps({ requested: at(0), hastened: at(1), signalled: at(1) })).toBe('requested → hastened → SIGTERM');
  const gone = { requested: at(0), signalled: at(1), killed: at(10), confirmed: at(10.4) };
  expect(stopSteps(gone)).toBe('requested → SIGTERM → SIGKILL → confirmed gone 10.4 s');
});

test('a stop that should be confirmed by now says for how long it is not', () => {
  const cancel = { requested: at(0), signalled: at(1), confirm_by: at(190) };
  expect(stopSteps(cancel, 189_999)).toBe('requested → SIGTERM');
  expect(stopSteps(cancel, 245_000)).toBe('requested → SIGTERM, not confirmed for 4 min 05 s');
  expect(stopSteps({ ...cancel, confirmed: at(200) }, 245_000)).toBe('requested → SIGTERM → confirmed gone 3 min 20 s');
});

test('a run that waits says what for, a run that works says nothing', () => {
  expect(
    waitingText({ type: 'status', status: 'STARTING', waiting_for: 'runner', reason_text: 'waiting for its runner' }),
  ).toBe('starting: waiting for its runner');
  expect(waitingText({ type: 'status', status: 'STARTING', waiting_for: 'image_pull' })).toBe(
    'starting: waiting for image pull',
  );
  expect(waitingText({ type: 'status', status: 'STARTING', waiting_for: 'slot' })).toBe('waiting for slot');
  expect(waitingText({ type: 'status', status: 'RUNNING' })).toBeUndefined();
  expect(waitingText({ type: 'status', status: 'TERMINATING', cancel: { requested: at(0) } })).toBe('stop: requested');
});

test.each([
  ['deployment', 'waiting for a free slot: place 3 of 7 (limit of the deployment: 2 running)'],
  ['user', 'waiting for a free slot: place 3 of 7 (limit for each user: 2 running)'],
  ['image', 'waiting for a free slot: place 3 of 7 (limit of its image: 2 running)'],
  ['key', 'waiting for a free slot: place 3 of 7 (limit of its key: 2 running)'],
  [undefined, 'waiting for a free slot: place 3 of 7'],
] as const)('a run in the queue says its place and the limit of the %s', (limit, text) => {
  const reason_text = 'waiting for a free slot';
  const queue = { place: 3, waiting: 7, ...(limit === undefined ? {} : { limit, max_running: 2 }) };
  expect(waitingText({ type: 'status', status: 'STARTING', waiting_for: 'slot', reason_text, queue })).toBe(text);
});

test.each([
  [5, '5 s ago'],
  [150, '2 min ago'],
  [7_300, '2 h ago'],
  [200_000, '2 d ago'],
  [40 * 86_400, '2029-11-22'],
])('%d s ago is shown as %s', (ago, text) => {
  const now = Date.UTC(2030, 0, 1);
  expect(startedText(new Date(now - ago * 1_000).toISOString(), now)).toBe(text);
});

test('the words are the server’s; of an older one, which sends none, the word itself is told', () => {
  const frame = { type: 'status', status: 'RUNNING', waiting_for: 'last_lines' } as const;
  expect(waitingText({ ...frame, reason_text: 'its runner has ended' })).toBe('its runner has ended');
  expect(waitingText(frame)).toBe('waiting for last lines');
  expect(whyText({ status: 'FAILED', reason: 'out_of_memory' })).toBe('out of memory');
});

test('a status that says it all has no why', () => {
  expect(whyText({ status: 'RUNNING', reason_text: 'its command is running' })).toBeUndefined();
  expect(whyText({ status: 'SUCCEEDED', reason_text: 'its command ended with exit code 0' })).toBeUndefined();
  expect(whyText({ status: 'STOPPED', reason_text: 'ann@example.com stopped it' })).toBe('ann@example.com stopped it');
});

test('where there is little room the time is that of the clock today, and the date otherwise', () => {
  const now = new Date(2030, 0, 2, 12, 0);
  expect(shortStartedText(new Date(2030, 0, 2, 9, 7).toISOString(), now.getTime())).toBe('09:07');
  expect(shortStartedText(new Date(2030, 0, 1, 23, 59).toISOString(), now.getTime())).toBe('2030-01-01');
});

test('to a pipe the time is UTC', () => {
  expect(startedText('2030-01-01T00:00:00.123Z')).toBe('2030-01-01T00:00:00Z');
});

test.each([
  ['abc', { token: 'abc' }],
  ['https://x.example/#claim=abc', { token: 'abc', origin: 'https://x.example' }],
  ['https://x.example/console/#claim=abc&x=1', { token: 'abc', origin: 'https://x.example' }],
])('the claim in %s is found', (text, claim) => {
  expect(readClaim(text)).toEqual(claim);
});

test('a link without a claim is refused', () => {
  expect(() => readClaim('https://x.example/?claim=abc')).toThrow('holds no claim');
});

test('pauses grow to a limit and are spread', () => {
  expect([0, 1, 2, 20].map((attempt) => retryDelayMs(attempt, 0))).toEqual([100, 200, 400, 5_000]);
  expect(retryDelayMs(20, 0.999)).toBeLessThanOrEqual(10_000);
});
