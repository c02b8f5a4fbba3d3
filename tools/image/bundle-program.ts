import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { builtinsOnUse } from './builtins-on-use.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUTSIDE = [/^@google-cloud\//, /^@grpc\//, /^google-/, /^protobufjs/, /^@runvoy\/provider-local/];

/**
 * Makes `<directory>/main.mjs` of a program and of the small packages it uses, and one file more for each part that is loaded on first
 * use. Google's clients stay the packages they are: they read files that lie beside them. The local provider stays out.
 */
export async function bundleProgram(main: string, directory: string): Promise<void> {
  await using bundle = await rolldown({
    input: main,
    cwd: ROOT,
    platform: 'node',
    external: OUTSIDE,
    plugins: [builtinsOnUse],
    // An import that leads nowhere is an error at the start of a service: it is one here.
    onLog: (level, { code = '', message }) => {
      if (code === 'UNRESOLVED_IMPORT') throw new Error(message);
      if (level === 'warn' && code !== 'EVAL') process.stderr.write(`${main}: ${message}\n`);
    },
  });
  const { output } = await bundle.generate({
    format: 'esm',
    entryFileNames: 'main.mjs',
    chunkFileNames: '[name]-[hash].mjs',
  });
  mkdirSync(directory, { recursive: true });
  for (const file of output) {
    if (file.type !== 'chunk') throw new Error(`${main} needs ${file.fileName}, which is no code.`);
    writeFileSync(join(directory, file.fileName), inAscii(file.code));
  }
}

/** V8 keeps a source of nothing but ASCII in half the memory. Here such a character stands in texts, expressions and comments alone. */
function inAscii(code: string): string {
  return code.replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
