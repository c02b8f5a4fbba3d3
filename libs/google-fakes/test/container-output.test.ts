import { describe, expect, test } from '@jest/globals';
import { payloadsOf } from '../src/cloud-run/container-output.ts';

describe('a line of output', () => {
  test('that is no JSON object is text, also when it is other JSON', () => {
    expect(payloadsOf('plain', 'u')).toEqual([{ textPayload: 'plain' }]);
    expect(payloadsOf('[1]', 'u')).toEqual([{ textPayload: '[1]' }]);
    expect(payloadsOf('{"a":', 'u')).toEqual([{ textPayload: '{"a":' }]);
  });

  test('that is a JSON object is structured, without its special fields', () => {
    const line = '{"severity":"warning","time":"2026-01-02T03:04:05Z","logging.googleapis.com/trace":"t","a":1}';
    expect(payloadsOf(line, 'u')).toEqual([
      { severity: 'WARNING', timestamp: '2026-01-02T03:04:05Z', trace: 't', jsonPayload: { a: 1 } },
    ]);
  });

  test('with nothing but a message left is text', () => {
    expect(payloadsOf('{"severity":"INFO","message":"hello"}', 'u')).toEqual([
      { severity: 'INFO', textPayload: 'hello' },
    ]);
    expect(payloadsOf('{"message":"hello","a":1}', 'u')).toEqual([{ jsonPayload: { message: 'hello', a: 1 } }]);
  });

  test('loses what a double cannot hold', () => {
    expect(payloadsOf('{"n":9007199254740993}', 'u')).toEqual([{ jsonPayload: { n: 9_007_199_254_740_992 } }]);
  });

  test('over 256 KiB becomes several entries of text that together are the line, cut between characters', () => {
    const line = JSON.stringify({ text: 'ä'.repeat(200_000) });
    const pieces = payloadsOf(line, 'u');
    expect(pieces.map(({ split }) => split)).toEqual([
      { uid: 'u', index: 0, totalSplits: 2 },
      { uid: 'u', index: 1, totalSplits: 2 },
    ]);
    expect(pieces.map(({ textPayload }) => textPayload).join('')).toBe(line);
    for (const { textPayload = '' } of pieces) expect(Buffer.byteLength(textPayload)).toBeLessThan(256 * 1024);
  });
});
