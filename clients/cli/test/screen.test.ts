import { PassThrough } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { LogLine } from '@runvoy/protocol';
import { Screen } from '../src/screen.ts';
import { openTerminal } from '../src/terminal.ts';

function screenOn({ isTTY = false, timestamps = false } = {}) {
  const streams = { stdin: new PassThrough(), stdout: new PassThrough(), stderr: new PassThrough() };
  for (const stream of Object.values(streams)) Object.assign(stream, { isTTY, columns: 60 });
  const terminal = openTerminal(streams as unknown as Parameters<typeof openTerminal>[0], {}, false);
  const read = (name: 'stdout' | 'stderr') => {
    let text = '';
    for (let part: Buffer | null; (part = streams[name].read() as Buffer | null);) text += part.toString();
    return text;
  };
  return {
    screen: new Screen(terminal, { timestamps }),
    streams,
    out: () => read('stdout'),
    err: () => read('stderr'),
  };
}

const line = (stream: LogLine['stream'], text: string, partial = false): LogLine => ({
  seq: 1,
  stream,
  ms: 0,
  text,
  ...(partial ? { partial } : {}),
});

test('each stream goes to its own place, our own lines to stderr', () => {
  const { screen, out, err } = screenOn();
  screen.lines([line('system', '### ours'), line('stdout', 'out'), line('stderr', 'err'), line('stdout', 'more')]);
  screen.say('said');
  expect(out()).toBe('out\nmore\n');
  expect(err()).toBe('### ours\nerr\nsaid\n');
});

test('a pipe gets the bytes of the command, and no line feed it did not write', () => {
  const { screen, out } = screenOn();
  screen.lines([line('stdout', '\x1b[2J\x07 a', true), line('stdout', 'b', true)]);
  expect(out()).toBe('\x1b[2J\x07 ab');
});

test('a terminal gets only what is safe there, also when a sequence is cut in two', () => {
  const { screen, out } = screenOn({ isTTY: true });
  screen.lines([
    line('stdout', 'a\x1b[2', true),
    line('stdout', 'Jb\x1b[32mgreen'),
    line('stdout', '\x1b]0;open'),
    line('stdout', 'c'),
  ]);
  expect(out()).toBe('ab\x1b[32mgreen\n\nc\n');
});

test('on a terminal our own lines begin on a line of their own and in our own colours', () => {
  const { screen, err } = screenOn({ isTTY: true });
  screen.lines([line('stdout', '\x1b[31mred', true)]);
  screen.say('said');
  expect(err()).toBe('\x1b[0m\n\x1b[2msaid\x1b[22m\n');
});

test('a note gives way to the next line, and is not put into a line of the command', () => {
  const { screen, out, err } = screenOn({ isTTY: true });
  screen.note('waiting');
  screen.note('waiting');
  screen.lines([line('stdout', 'x', true)]);
  screen.note('again');
  expect(out()).toBe('x');
  expect(err()).toBe('\x1b[2mwaiting\x1b[22m\r\x1b[K');
});

test('a pipe gets no notes', () => {
  const { screen, err } = screenOn();
  screen.note('waiting');
  expect(err()).toBe('');
});

test('times stand at the beginning of lines, not of their pieces', () => {
  const { screen, out } = screenOn({ timestamps: true });
  screen.lines([line('stdout', 'a', true), line('stdout', 'b'), line('stdout', 'c')]);
  expect(out()).toBe('1970-01-01T00:00:00.000Z ab\n1970-01-01T00:00:00.000Z c\n');
});

test('no room is told, and when there is room again', async () => {
  const { screen, out } = screenOn();
  screen.lines([line('stdout', 'x'.repeat(200_000))]);
  const full = screen.full();
  expect(full).toBeInstanceOf(Promise);
  out();
  await full;
  expect(screen.full()).toBeUndefined();
});

test('a terminal is shown the last state of progress, a pipe all of it', () => {
  const progress = [line('stdout', '10%\r\x1b[32m50%\r100%'), line('stdout', 'crlf\r')];
  const shown = screenOn({ isTTY: true });
  shown.screen.lines(progress);
  expect(shown.out()).toBe('\x1b[32m100%\ncrlf\n');
  const piped = screenOn();
  piped.screen.lines(progress);
  expect(piped.out()).toBe('10%\r\x1b[32m50%\r100%\ncrlf\r\n');
});

test('progress that goes on in the next piece takes back what is shown of it', () => {
  const { screen, out } = screenOn({ isTTY: true });
  screen.lines([line('stdout', '1%\r2%\r', true), line('stdout', '3%', true), line('stdout', '!\r4%')]);
  expect(out()).toBe('2%\r\x1b[K3%\r\x1b[K4%\n');
});

test('a terminal shows groups by name, and what stands in them indented; a pipe gets their markers', () => {
  const lines = ['::group::build \x1b]0;t\x07it', 'cc', '::group::link', 'ld', '::endgroup::', '::endgroup::', 'done'];
  const { screen, out } = screenOn({ isTTY: true });
  screen.lines(lines.map((text) => line('stdout', text)));
  expect(out()).toBe('\x1b[1m▸ build it\x1b[22m\n  cc\n  \x1b[1m▸ link\x1b[22m\n    ld\ndone\n');
  const piped = screenOn();
  piped.screen.lines(lines.map((text) => line('stdout', text)));
  expect(piped.out()).toBe(`${lines.join('\n')}\n`);
});
