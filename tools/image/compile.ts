/**
 * A step of an image's build: starts the service once, as it will be started there, and asks for its health and its readiness, so that
 * the image holds compiled (`NODE_COMPILE_CACHE`) what a first request needs. Google is not there, so it is not ready; what
 * speaks to Google is loaded all the same. A service that does not answer fails the build.
 *
 * `compile.ts <main> [package ...]`: the packages are those that it loads on a later request.
 */
import { execFileSync } from 'node:child_process';
import { deploymentIn, environmentOf, newSigningKey } from '../emulated/deployment.ts';
import { startInstance } from '../emulated/service-process.ts';

/** Nobody listens on port 1, so whoever asks there is refused at once. */
const NOWHERE = '127.0.0.1:1';

const [main, ...packages] = process.argv.slice(2);
if (main === undefined) throw new Error('usage: compile.ts <main> [package ...]');
const cache = process.env['NODE_COMPILE_CACHE'];
if (cache === undefined) throw new Error('NODE_COMPILE_CACHE is not set: nothing would be kept.');

const service = await startInstance({ name: main, main, env: environment(cache), logFile: '/dev/null' });
const health = await fetch(`http://${service.host}/health`);
await (await fetch(`http://${service.host}/ready`)).text();
// What was compiled is written when it ends.
const code = await service.stop();
if (!health.ok || code !== 0) throw new Error(`${main} answered ${health.status} and ended with ${code}.`);

for (const name of packages) {
  execFileSync(process.execPath, ['--input-type=module', '--eval', `await import(${JSON.stringify(name)})`]);
}

function environment(compileCache: string): Record<string, string> {
  const url = 'https://example.com';
  const { FIRESTORE_EMULATOR_HOST: _, ...env } = environmentOf(deploymentIn('runvoy-image'), 'orchestrator', {
    endpoints: {
      firestore: NOWHERE,
      pubsub: NOWHERE,
      run: NOWHERE,
      secretManager: NOWHERE,
      logging: NOWHERE,
      scheduler: NOWHERE,
      certs: NOWHERE,
      metadata: NOWHERE,
      iam: NOWHERE,
      storage: NOWHERE,
    },
    urls: { orchestrator: url, processor: url, intake: url, websocket: url },
    signingKey: newSigningKey(),
  });
  return { ...env, NODE_COMPILE_CACHE: compileCache };
}
