import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { sampleLines } from './sample-run.ts';

/** Writes a log of lines of 200 bytes, line feed included, as a build may print them. */
export async function writeLongLog(path: string, lines: number): Promise<void> {
  const out = createWriteStream(path);
  for (let from = 1; from <= lines; from += 1_000) {
    const text = sampleLines(from, from + 999).map(({ seq, text: line }) => {
      const digest = createHash('sha256').update(String(seq)).digest('hex');
      return `${line} https://example.com/builds/${seq}?digest=sha256%3A${digest} (cache miss)`
        .padEnd(199, ' .')
        .slice(0, 199);
    });
    if (!out.write(`${text.join('\n')}\n`)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'close');
}
