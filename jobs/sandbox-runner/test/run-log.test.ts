import { describe, expect, test } from '@jest/globals';
import type { LogLine } from '@runvoy/protocol';
import { openSecretMask } from '../src/masker.ts';
import { openRunLog } from '../src/run-log.ts';

function open(more: { maxLogBytes?: number; limitPolicy?: 'stop' | 'head_tail' } = {}) {
  const lines: LogLine[] = [];
  let limits = 0;
  let ms = 0;
  const log = openRunLog({
    mask: openSecretMask({}),
    batchMs: 0,
    maxLogBytes: 2 ** 30,
    now: () => (ms += 1),
    onBatch: (batch) => lines.push(...(JSON.parse(batch.json.toString()) as LogLine[])),
    onOutputLimit: () => (limits += 1),
    ...more,
  });
  return { log, lines, limits: () => limits, texts: () => lines.map(({ text }) => text) };
}

describe('output beyond its limit', () => {
  test('keeps its first and its last part under head_tail, and says what it dropped between them', () => {
    const { log, lines, texts, limits } = open({ maxLogBytes: 40, limitPolicy: 'head_tail' });
    for (let i = 10; i < 30; i += 1) log.output('stdout', Buffer.from(`line ${i}\n`));
    expect(texts().at(-1)).toMatch(/the output limit of 40 bytes or 10000 lines is near: .* only the last 20 bytes/);
    const { lines: count } = log.close();
    expect(limits()).toBe(0);
    expect(texts()).toEqual([
      'line 10',
      'line 11',
      expect.stringContaining('is near'),
      expect.stringContaining('dropped here: 16 lines, 128 bytes'),
      'line 28',
      'line 29',
    ]);
    expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(count).toBe(6);
    // As late as they were written, not as they were numbered.
    expect(lines.at(-1)!.ms).toBeLessThan(lines.at(-3)!.ms);
  });

  test('drops nothing when the last part has room for the rest', () => {
    const { log, texts } = open({ maxLogBytes: 40, limitPolicy: 'head_tail' });
    log.output('stdout', Buffer.from('line 10\nline 11\nline 12\n'));
    log.output('stderr', Buffer.from('no feed'));
    log.close();
    expect(texts()).toEqual([
      'line 10',
      'line 11',
      expect.stringContaining('is near'),
      expect.stringContaining('nothing was dropped here'),
      'line 12',
      'no feed',
    ]);
  });

  test.each([
    ['', 'a part of a line, 131072 bytes'],
    [`\n${'y'.repeat(60_000)}`, '1 lines, 200001 bytes'],
  ])('says of a long line that was cut how many bytes of it are missing, and counts it once', (rest, what) => {
    const { log, texts } = open({ maxLogBytes: 100_000, limitPolicy: 'head_tail' });
    log.output('stdout', Buffer.alloc(200_000, 'x'));
    log.output('stdout', Buffer.from(rest));
    log.close();
    expect(texts().filter((text) => text.includes('dropped'))).toEqual([expect.stringContaining(what)]);
  });

  test('ends a line whose rest may be dropped, so that no later one is taken for it', () => {
    const { log, lines } = open({ maxLogBytes: 100_000, limitPolicy: 'head_tail' });
    log.output('stdout', Buffer.alloc(200_000, 'x'));
    log.output('stdout', Buffer.from('\nend\n'));
    log.close();
    const notice = lines.findIndex(({ text }) => text.includes('is near'));
    expect(lines.slice(0, notice).map(({ partial }) => partial)).toEqual([true, undefined]);
    expect(lines[notice - 1]!.text).toBe('');
    expect(lines.at(-1)).toMatchObject({ text: 'end' });
  });

  test('is cut off under stop, and said once', () => {
    const { log, texts, limits } = open({ maxLogBytes: 16 });
    for (let i = 10; i < 30; i += 1) log.output('stdout', Buffer.from(`line ${i}\n`));
    log.close();
    expect([texts(), limits()]).toEqual([['line 10', 'line 11'], 1]);
  });

  test.each([
    [3 * 2 ** 20, 98_304],
    [30_000, 10_000],
  ])('is cut off where there are too many lines in it, however short: of %i bytes behind %i', (maxLogBytes, most) => {
    const { log, lines, limits } = open({ maxLogBytes });
    log.output('stdout', Buffer.from('\n'.repeat(most)));
    expect(limits()).toBe(0);
    log.output('stdout', Buffer.from('\n'.repeat(2)));
    log.close();
    expect([lines.length, limits()]).toEqual([most, 1]);
  });
});

describe('what a command writes', () => {
  test('stays as it is: colours, markers of groups, carriage returns', () => {
    const written = [
      '\u001b[31mred\u001b[0m',
      '::group::Build',
      '::endgroup::',
      '\u001b[0Ksection_start:1560896352:build\r\u001b[0KBuild',
      '10 %\r20 %\r100 %\r',
    ];
    const { log, texts } = open();
    log.output('stdout', Buffer.from(`${written.join('\n')}\n`));
    log.close();
    expect(texts()).toEqual(written);
  });

  test('without a line feed for megabytes becomes pieces of one line, which put together are what was written', () => {
    const written = Array.from({ length: 300_000 }, (_, i) => `\r${i} of 300,000 €`).join('');
    const { log, lines } = open();
    const bytes = Buffer.from(written);
    for (let at = 0; at < bytes.length; at += 65_000) log.output('stdout', bytes.subarray(at, at + 65_000));
    // Nothing but the last piece waits for more.
    expect(lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0)).toBeGreaterThan(bytes.length - 33_000);
    log.output('stdout', Buffer.from('\ndone\n'));
    log.close();
    expect(lines.at(-1)!.text).toBe('done');
    const pieces = lines.slice(0, -1);
    expect(pieces.map(({ text }) => text).join('') === written).toBe(true);
    expect(pieces.findIndex(({ partial }) => !partial)).toBe(pieces.length - 1);
  });
});
