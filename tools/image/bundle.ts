/**
 * A step of an image's build: bundles services.
 *
 * `bundle.ts <directory> <service ...>`: the services are directories of `services/`; each gets `<directory>/<service>/main.mjs`.
 */
import { fileURLToPath } from 'node:url';
import { bundleProgram } from './bundle-program.ts';

const SERVICES = fileURLToPath(new URL('../../services/', import.meta.url));

const [directory, ...services] = process.argv.slice(2);
if (directory === undefined || services.length === 0) throw new Error('usage: bundle.ts <directory> <service ...>');

for (const service of services) await bundleProgram(`${SERVICES}${service}/src/main.ts`, `${directory}/${service}`);
