import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const SERVER = new URL('../src/standalone.ts', import.meta.url).href;

/** Loads all that a server is made of, and names the packages it came from. */
const PROBE = `
  import { registerHooks } from 'node:module';
  const loaded = new Set();
  registerHooks({
    load(url, context, next) {
      const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url)?.[1];
      if (name) loaded.add(name);
      return next(url, context);
    },
  });
  await import(${JSON.stringify(SERVER)});
  console.log(JSON.stringify([...loaded]));
`;

test('a server that tells nobody anything loads nothing of OpenTelemetry’s, and nothing of Google’s', () => {
  const probe = spawnSync(process.execPath, ['--input-type=module', '--eval', PROBE], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(probe.stderr).toBe('');
  const loaded = JSON.parse(probe.stdout) as string[];
  expect(loaded).toContain('fastify');
  expect(loaded.filter((name) => /^@opentelemetry\/|^@google-cloud\/|^google-|^@grpc\//.test(name))).toEqual([]);
});
