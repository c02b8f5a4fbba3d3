/**
 * Makes the package of the command line client: one bundle without dependencies, that `npm install <file>` puts anywhere.
 *
 * `node tools/package-cli.ts <directory>` builds it in `<directory>/package` and prints the path of the `.tgz` beside it.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Native parts of `ws`, which it does without. */
const OPTIONAL = ['bufferutil', 'utf-8-validate'];

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error('usage: package-cli.ts <directory>');
const folder = join(resolve(directory), 'package');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

await writeBundle(join(folder, 'dist'));
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest(), null, 2)}\n`);
copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
copyFileSync(join(ROOT, 'clients/cli/README.md'), join(folder, 'README.md'));
const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', resolve(directory)], {
  cwd: folder,
  encoding: 'utf8',
  shell: process.platform === 'win32',
});
process.stdout.write(`${join(resolve(directory), fileNameOf(JSON.parse(packed)))}\n`);

/** A start reads `main.mjs` and the chunk of the one command that is asked for. */
async function writeBundle(dir: string): Promise<void> {
  await using bundle = await rolldown({
    input: join(ROOT, 'clients/cli/src/main.mjs'),
    cwd: ROOT,
    platform: 'node',
    external: [...OPTIONAL, '@runvoy/standalone'],
    onLog: (level, { code = '', message }) => {
      if (code === 'UNRESOLVED_IMPORT') throw new Error(message);
      if (level === 'warn') process.stderr.write(`${message}\n`);
    },
  });
  await bundle.write({ dir, format: 'esm', entryFileNames: 'main.mjs', chunkFileNames: '[name]-[hash].mjs' });
}

function manifest() {
  const { name, version, license } = readJson('clients/cli/package.json');
  const { description, engines } = readJson('package.json');
  return {
    name,
    version,
    description,
    license,
    type: 'module',
    bin: { runvoy: 'dist/main.mjs' },
    files: ['dist'],
    engines,
  };
}

function readJson(path: string): Readonly<Record<string, unknown>> {
  return JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Record<string, unknown>;
}

/** npm answers with a list, or from version 12 on with an object by name. */
function fileNameOf(answer: unknown): string {
  const [first] = Object.values(answer as Readonly<Record<string, { readonly filename: string }>>);
  if (!first) throw new Error('npm pack made nothing');
  return first.filename;
}
