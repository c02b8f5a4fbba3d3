/**
 * A step of an image's build: makes one file of a service's own code and of the small packages it uses, and one more for each part that is
 * loaded on first use. Google's clients stay the packages they are: they read files that lie beside them. The local provider stays out.
 *
 * `bundle.ts <directory> <service ...>`: the services are directories of `services/`; each gets `<directory>/<service>/main.mjs`.
 */
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const OUTSIDE = [/^@google-cloud\//, /^@grpc\//, /^google-/, /^protobufjs/, /^@runvoy\/provider-local/];

const [directory, ...services] = process.argv.slice(2);
if (directory === undefined || services.length === 0) throw new Error('usage: bundle.ts <directory> <service ...>');

for (const service of services) {
  await using bundle = await rolldown({
    input: `${ROOT}services/${service}/src/main.ts`,
    cwd: ROOT,
    platform: 'node',
    external: OUTSIDE,
    // An import that leads nowhere is an error at the start of a service: it is one here.
    onLog: (level, { code = '', message }) => {
      if (code === 'UNRESOLVED_IMPORT') throw new Error(message);
      if (level === 'warn' && code !== 'EVAL') process.stderr.write(`${service}: ${message}\n`);
    },
  });
  await bundle.write({
    dir: `${directory}/${service}`,
    format: 'esm',
    entryFileNames: 'main.mjs',
    chunkFileNames: '[name]-[hash].mjs',
  });
}
