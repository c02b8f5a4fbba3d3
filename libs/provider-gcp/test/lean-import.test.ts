import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const INDEX = new URL('../src/index.ts', import.meta.url).href;

/** Opens every adapter that asks nothing at opening, then names the packages whose modules were loaded. */
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
  const gcp = await import(${JSON.stringify(INDEX)});
  const clock = { now: Date.now, sleep: async () => {} };
  gcp.openSecretManagerVault({ project: 'p', prefix: 'runvoy-secrets', clock });
  gcp.openStorageArchive({ project: 'p', bucket: 'b' });
  gcp.openPubSubEventBus({ project: 'p', topic: 't' });
  gcp.openGoogleCallerVerifier({ check: 'signature', clock });
  console.log(JSON.stringify([...loaded]));
`;

test('the provider loads no client of Google’s before one is used', () => {
  const probe = spawnSync(process.execPath, ['--input-type=module', '--eval', PROBE], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(probe.stderr).toBe('');
  const loaded = JSON.parse(probe.stdout) as string[];
  expect(loaded.filter((name) => /^@google-cloud\/|^google-|^@grpc\/|^gaxios$|^protobufjs$/.test(name))).toEqual([]);
});

test('the probe sees a client that is loaded', () => {
  const use = PROBE.replace('console.log(', "await import('@google-cloud/secret-manager');\nconsole.log(");
  const probe = spawnSync(process.execPath, ['--input-type=module', '--eval', use], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(JSON.parse(probe.stdout)).toEqual(expect.arrayContaining(['@google-cloud/secret-manager', 'google-gax']));
});
