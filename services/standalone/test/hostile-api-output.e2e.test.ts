import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { LIMITS, type LogLine, type LogsBody } from '@runvoy/protocol';
import WebSocket from 'ws';
import { follow, type Followed } from './follower.ts';
import { openHostileWorld, type HostileWorld } from './hostile-world.ts';

let world: HostileWorld;
beforeAll(async () => {
  world = await openHostileWorld();
});
afterAll(async () => world[Symbol.asyncDispose]());

type Line = readonly [text: string, partial?: true];

const U = '\ufffd';
const x = (count: number) => 'x'.repeat(count);
/** `printf %b` of exactly these bytes. */
const bytes = (values: readonly number[]) =>
  `printf '%b' '${values.map((value) => `\\0${value.toString(8).padStart(3, '0')}`).join('')}'`;
const text = (value: string) => bytes([...Buffer.from(value, 'latin1')]);
const ALL_BYTES = Array.from({ length: 256 }, (_, value) => value);

describe('output of a command', () => {
  test.each<[string, string, readonly Line[]]>([
    ['bytes that are no UTF-8 become U+FFFD', text('a\xff\xfeb\n'), [[`a${U}${U}b`]]],
    ['a character that is cut off becomes one U+FFFD', text('\xe2\x82\n\xf0\x9f\x98\n'), [[U], [U]]],
    ['half a surrogate pair in UTF-8 becomes U+FFFD, byte by byte', text('\xed\xa0\x80\n'), [[U + U + U]]],
    ['characters in more bytes than they need become U+FFFD', text('\xc0\xaf\n'), [[U + U]]],
    ['whole characters stay', "printf 'é€😀\\n'", [['é€😀']]],
    ['NUL stays', text('a\0b\n\0\n'), [['a\0b'], ['\0']]],
    ['CR stays, alone and before a line feed', text('10%\r20%\rdone\r\n'), [['10%\r20%\rdone\r']]],
    [
      'colours and other escape sequences stay',
      text('\x1b[31mred\x1b[0m\x1b]0;title\x07\n'),
      [['\x1b[31mred\x1b[0m\x1b]0;title\x07']],
    ],
    ['a byte order mark stays', text('\xef\xbb\xbfa\n'), [['\ufeffa']]],
    ['line separators of Unicode end no line', "printf 'a\\342\\200\\250b\\302\\205c\\n'", [['a\u2028b\u0085c']]],
    ['an empty line is a line', 'echo; echo; echo a', [[''], [''], ['a']]],
    ['an end without line feed is partial', "printf 'a\\nb'", [['a'], ['b', true]]],
    ['no output is no line', 'true', []],
    [
      'all 256 bytes',
      bytes(ALL_BYTES),
      [[latin(ALL_BYTES.slice(0, 10))], [latin(ALL_BYTES.slice(11, 128)) + U.repeat(128), true]],
    ],
    [
      '300 KiB without a line feed come in partial pieces of 32 KiB',
      `head -c ${300 * 1024} /dev/zero | tr '\\0' x`,
      [
        ...Array.from({ length: 9 }, (): Line => [x(LIMITS.lineTextBytes), true]),
        [x(300 * 1024 - 9 * LIMITS.lineTextBytes), true],
      ],
    ],
    [
      '300 KiB with a line feed at the end: the last piece is whole',
      `head -c ${300 * 1024} /dev/zero | tr '\\0' x; echo`,
      [
        ...Array.from({ length: 9 }, (): Line => [x(LIMITS.lineTextBytes), true]),
        [x(300 * 1024 - 9 * LIMITS.lineTextBytes)],
      ],
    ],
    [
      'a line of exactly 32 KiB is whole, and one byte more is two pieces',
      `head -c ${LIMITS.lineTextBytes} /dev/zero | tr '\\0' x; echo; head -c ${LIMITS.lineTextBytes + 1} /dev/zero | tr '\\0' x; echo`,
      [[x(LIMITS.lineTextBytes)], [x(LIMITS.lineTextBytes), true], ['x']],
    ],
    [
      'no character is cut at the edge of a piece',
      `head -c ${LIMITS.lineTextBytes - 1} /dev/zero | tr '\\0' x; echo é`,
      [[x(LIMITS.lineTextBytes - 1), true], ['é']],
    ],
  ])('%s: live, in pages and as a whole, complete and verified', async (_, command, expected) => {
    const { execution_id, websocket_url } = await world.server.run(command);
    const followed = await follow(websocket_url).done;
    expect(ownLines(followed.lines)).toEqual(expected);
    expectVerified(followed);

    const page = await logs(execution_id, '?after=0&limit=10000');
    expect(page.events!.map(lineOf)).toEqual(followed.lines);
    expect(page).toMatchObject({ completeness: 'complete', sha256: followed.end!.sha256 });
    const whole = await logs(execution_id, '');
    // runvoy's web app drops empty messages, so its own shape has a space there.
    const spaced = followed.lines.map((line) => (line.text === '' ? { ...line, text: ' ' } : line));
    expect(whole.events!.map(lineOf)).toEqual(spaced);
    expect(await bareMessages(websocket_url)).toEqual(spaced.map((line) => line.text));
  });

  test('of two megabytes of noise is complete and verified, whatever it looks like', async () => {
    const { websocket_url } = await world.server.run(
      'head -c 2097152 /dev/urandom; echo; head -c 500000 /dev/zero >&2',
    );
    const followed = await follow(websocket_url).done;
    expectVerified(followed);
    const zeros = followed.lines.filter((line) => line.stream === 'stderr').map((line) => line.text);
    expect(zeros.join('') === '\0'.repeat(500_000)).toBe(true);
    for (const line of followed.lines) {
      expect(line.text.isWellFormed() && Buffer.byteLength(line.text) <= LIMITS.lineTextBytes).toBe(true);
    }
  });

  test('that looks like our own frames and messages stays output', async () => {
    const forged = [
      '{"type":"end","lines":0,"sha256":null,"completeness":"complete"}',
      '{"runvoy":"finished","cause":"exited","exit_code":0}',
      '### runvoy finished',
      'HTTP/1.1 200 OK',
    ];
    const { execution_id, websocket_url } = await world.server.run(`cat <<'E'\n${forged.join('\n')}\nE\nexit 3`);
    const followed = await follow(websocket_url).done;
    expect(ownLines(followed.lines)).toEqual(forged.map((line) => [line]));
    expectVerified(followed);
    expect(await world.server.finished(execution_id)).toMatchObject({ status: 'FAILED', exit_code: 3 });
  });
});

test('after all of it the server is unharmed', async () => {
  await world.expectUnharmed();
});

function latin(values: readonly number[]): string {
  return Buffer.from(values).toString('latin1');
}

/** The command's own lines, as text and whether the next one continues it. */
function ownLines(lines: readonly LogLine[]): Line[] {
  return lines
    .filter((line) => line.stream !== 'system')
    .map((line): Line => (line.partial ? [line.text, true] : [line.text]));
}

/** Counts and hashes the log anew, from what this follower was sent. */
function expectVerified({ lines, end, gaps }: Followed): void {
  const digest = createHash('sha256');
  for (const line of lines) digest.update(`${line.seq}\t${line.stream}\t${line.partial ? 1 : 0}\t${line.text}\n`);
  expect(lines.map((line) => line.seq)).toEqual(lines.map((_, index) => index + 1));
  expect(gaps).toEqual([]);
  expect(end).toMatchObject({ completeness: 'complete', lines: lines.length, sha256: digest.digest('hex') });
}

function logs(id: string, query: string): Promise<LogsBody> {
  return world.server.call('GET', `/api/v1/executions/${id}/logs${query}`);
}

function lineOf(event: NonNullable<LogsBody['events']>[number]): LogLine {
  const { event_id, stream, timestamp, message, partial } = event;
  return { seq: Number(event_id), stream, ms: timestamp, text: message, ...(partial ? { partial } : {}) };
}

/** What runvoy's own clients see. */
async function bareMessages(websocketUrl: string): Promise<string[]> {
  const messages: string[] = [];
  const socket = new WebSocket(websocketUrl);
  socket.on('message', (frame: Buffer) => {
    const { message } = JSON.parse(frame.toString()) as { message?: string };
    if (message !== undefined) messages.push(message);
  });
  await new Promise((resolve, reject) => socket.on('close', resolve).on('error', reject));
  return messages;
}
