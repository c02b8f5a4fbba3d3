import { createHash, createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { LIMITS, type LogLine, digestRow, signedText } from '@runvoy/protocol';
import fc from 'fast-check';
import type { EndRecord } from '../src/end-record.ts';
import { openSecretMask } from '../src/masker.ts';
import { openMessageSigner } from '../src/message-signer.ts';
import { openRunLog } from '../src/run-log.ts';
import { SESSION } from './fake-intake.ts';

const ID = '0'.repeat(32);

/** One read of a pipe. */
interface Read {
  readonly stream: 'stdout' | 'stderr';
  readonly bytes: Buffer;
  readonly ms: number;
}

interface Written {
  /** The messages as they are sent, byte by byte. */
  readonly messages: readonly string[];
  readonly endRecord: EndRecord;
}

function write(reads: readonly Read[], batchMs: number, session = SESSION): Written {
  const signer = openMessageSigner(ID, session);
  const messages: string[] = [];
  let ms = 0;
  const log = openRunLog({
    mask: openSecretMask({}),
    batchMs,
    maxLogBytes: 2 ** 40,
    now: () => ms,
    onBatch: (batch) => messages.push(Buffer.concat(signer.logs(batch)).toString()),
    onOutputLimit: () => undefined,
  });
  for (const read of reads) {
    ms = read.ms;
    log.output(read.stream, read.bytes);
  }
  return { endRecord: log.close(), messages };
}

/** What `write` promises, said as simply as it can be: decode, split, number, fill batches. Of lines that need no second piece. */
function specification(reads: readonly Read[], batchMs: number): Written {
  const rest = { stdout: Buffer.alloc(0), stderr: Buffer.alloc(0) };
  const lines: LogLine[] = [];
  const batches: LogLine[][] = [];
  let batch: LogLine[] = [];
  let size = 0;
  const cut = () => {
    if (batch.length > 0) batches.push(batch);
    batch = [];
    size = 0;
  };
  const add = (stream: Read['stream'], ms: number, bytes: Buffer, isPartial: boolean) => {
    const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
    const line: LogLine = { seq: lines.length + 1, stream, ms, text, ...(isPartial && { partial: true }) };
    const lineSize = Buffer.byteLength(JSON.stringify(line)) + 1;
    if (size + lineSize > LIMITS.batchBytes - 768) cut();
    size += lineSize;
    lines.push(line);
    batch.push(line);
  };
  for (const { stream, bytes, ms } of reads) {
    let all = Buffer.concat([rest[stream], bytes]);
    for (let at = all.indexOf('\n'); at >= 0; at = all.indexOf('\n')) {
      add(stream, ms, all.subarray(0, at), false);
      all = all.subarray(at + 1);
    }
    rest[stream] = all;
    // The first lines go at once, and all do when batches gather for no time.
    if (batchMs === 0 || batches.length === 0) cut();
  }
  for (const stream of ['stdout', 'stderr'] as const) {
    if (rest[stream].length > 0) add(stream, reads.at(-1)?.ms ?? 0, rest[stream], true);
    if (batchMs === 0 || batches.length === 0) cut();
  }
  cut();
  return {
    messages: batches.map(signed),
    endRecord: {
      lines: lines.length,
      bytes: lines.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0),
      sha256: createHash('sha256').update(lines.map(digestRow).join('')).digest('hex'),
    },
  };
}

function signed(lines: readonly LogLine[]): string {
  const { key, ...session } = SESSION;
  const { expires_at, key_id } = session;
  const message = { from: lines[0]!.seq, lines, expires_at, key_id };
  const mac = createHmac('sha256', Buffer.from(key, 'hex'))
    .update(signedText('logs', ID, message))
    .digest('hex');
  return JSON.stringify({ ...message, mac });
}

/** A part of an output: plain text, what JSON escapes, characters of every length, parts of them, and what is no UTF-8. */
const part = fc.oneof(
  { arbitrary: fc.string({ maxLength: 60 }).map((text) => Buffer.from(text)), weight: 4 },
  {
    arbitrary: fc
      .constantFrom('\n', '\n\n', 'x\n', '\r\n', '"\\\t\0\u001b[1m', 'é', 'ÿ', '€', '😀')
      .map((text) => Buffer.from(text)),
    weight: 6,
  },
  fc
    .constantFrom(
      [0xe2],
      [0xe2, 0x82],
      [0x82, 0xac],
      [0xff],
      [0xf0, 0x9f, 0x98],
      [0xed, 0xa0, 0x80],
      [0xef, 0xbb, 0xbf],
    )
    .map((bytes) => Buffer.from(bytes)),
);
/** Some reads hold the same often, so that batches become full. */
const bytes = fc
  .tuple(fc.array(part, { maxLength: 12 }), fc.oneof({ arbitrary: fc.constant(1), weight: 3 }, fc.constant(300)))
  .map(([parts, often]) =>
    Buffer.concat(
      Array<Buffer[]>(often)
        .fill(often > 1 ? [...parts, Buffer.from('\n')] : parts)
        .flat(),
    ),
  );
const reads = fc
  .array(fc.tuple(fc.constantFrom('stdout' as const, 'stderr' as const), bytes, fc.nat(9)), { maxLength: 8 })
  .map((drawn) =>
    drawn.map(([stream, all, later], i): Read => ({ stream, bytes: all, ms: 1_795_000_000_000 + 10 * i + later })),
  );

describe('what is written of an output', () => {
  test.each([0, 60_000])(
    'is, to the byte, its lines decoded, numbered and signed in full batches that gather for %i ms',
    (batchMs) => {
      fc.assert(
        fc.property(reads, (drawn) => {
          expect(write(drawn, batchMs)).toEqual(specification(drawn, batchMs));
        }),
        { numRuns: 60 },
      );
    },
  );

  test('of lines that are too long for one piece, in any characters and none, is what it has always been', () => {
    const session = { key: '0b'.repeat(32), key_id: 'k1', expires_at: 1_796_000_000_000 };
    const fillings = ['plain ', '"\\ \t\u001b[1m', 'héllo ', '€ and 😀 ', '\0', '\uffff'].map((text) =>
      Buffer.from(text),
    );
    const all = [...fillings, Buffer.from([0xff]), Buffer.from([0xe2, 0x82, 0x41])].flatMap((filling) =>
      [10_900, 10_923, 32_767, 32_768, 32_769, 101_000, 250_000].map((size) =>
        Buffer.concat([Buffer.alloc(size, filling), Buffer.from('\n')]),
      ),
    );
    const output = Buffer.concat(all);
    const drawn = Array.from({ length: Math.ceil(output.length / 50_001) }, (_, i): Read => {
      return { stream: 'stdout', bytes: output.subarray(i * 50_001, (i + 1) * 50_001), ms: 1_795_000_000_000 + i };
    });
    const { messages, endRecord } = write(drawn, 60_000, session);
    expect(endRecord).toEqual({
      lines: 214,
      bytes: 4_868_333,
      sha256: 'c81bca125a87acb8f184d63361e12d95ee0ef4910c01f32fbb16fa7e0a219bc9',
    });
    const digest = createHash('sha256').update(messages.join('\n')).digest('hex');
    expect(digest).toBe('539d7ab21b1e407588985256d0e6fae6949cbf5896b4e4a44ec4f9d27e9583fc');
  });
});
