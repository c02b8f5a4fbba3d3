/**
 * `node tools/pin-bases.ts [file]`: asks the registries for the images of Dockerfile.args and writes the digest of each behind its tag, so
 * that a release is built on what was looked at. It writes nothing unless it has seen all of them. One that has a digest is asked anew.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseImage, resolveImage } from './image/resolve-image.ts';

const [file = fileURLToPath(new URL('../Dockerfile.args', import.meta.url))] = process.argv.slice(2);
const LINE = /^([A-Z][A-Z_]*)=(\S+)$/;

const text = readFileSync(file, 'utf8');
try {
  const lines = await Promise.all(text.split('\n').map(pinned));
  writeFileSync(file, lines.join('\n'));
  process.stdout.write(lines.filter((line) => LINE.test(line)).join('\n') + '\n');
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n${file} is as it was.\n`);
  process.exitCode = 1;
}

async function pinned(line: string): Promise<string> {
  if (line === '' || line.startsWith('#')) return line;
  const [, name, value] = LINE.exec(line) ?? [];
  if (name === undefined || value === undefined) throw new Error(`"${line}" is no line of NAME=image.`);
  const image = parseImage(value);
  return `${name}=${image.name}:${image.tag}@${await resolveImage(image)}`;
}
