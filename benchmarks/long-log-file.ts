import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { sampleLines } from './sample-run.ts';

/** Writes a log of lines of 200 bytes, line feed included, as a build may print them. */
export async function writeLongLog(path: string, lines: number): Promise<void> {
  const out = createWriteStream(path);
  for (let from = 1; from <= lines; from += 1_000) {
    const text = longLines(from, from + 999).map((line) => line.text);
    if (!out.write(`${text.join('\n')}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}

/** Lines `from` to `through` of that log, of 199 characters each. */
export function longLines(from: number, through: number): ReturnType<typeof sampleLines> {
  return sampleLines(from, through).map((line) => {
    const digest = createHash('sha256').update(String(line.seq)).digest('hex');
    const text = `${line.text} https://example.com/builds/${line.seq}?digest=sha256%3A${digest} (cache miss)`;
    return { ...line, text: text.padEnd(199, ' .').slice(0, 199) };
  });
}
