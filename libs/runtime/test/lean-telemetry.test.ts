import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';

const INDEX = new URL('../src/index.ts', import.meta.url).href;

/** Names the packages that are loaded once telemetry is opened as `env` asks, and a request was answered. */
function loadedWith(env: Record<string, string>): string[] {
  const probe = `
    import { registerHooks } from 'node:module';
    const loaded = new Set();
    registerHooks({
      load(url, context, next) {
        const name = /node_modules\\/((?:@[^/]+\\/)?[^/]+)\\//.exec(url)?.[1];
        if (name) loaded.add(name);
        return next(url, context);
      },
    });
    const { newHttpApp, openTelemetry, readTelemetrySettings, silentLogger } = await import(${JSON.stringify(INDEX)});
    const settings = readTelemetrySettings(${JSON.stringify(env)}, { serviceName: 's' });
    const { tracing } = await openTelemetry(settings, { version: '0', logger: silentLogger });
    const app = newHttpApp({ logger: silentLogger, tracing });
    app.get('/', async () => ({}));
    await app.inject({ url: '/' });
    console.log(JSON.stringify([...loaded]));
    process.exit(0);
  `;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', probe], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    encoding: 'utf8',
    timeout: 60_000,
  });
  expect(stderr).toBe('');
  return (JSON.parse(stdout) as string[]).filter((name) => name.startsWith('@opentelemetry/'));
}

test('with telemetry off nothing of OpenTelemetry is loaded', () => {
  expect(loadedWith({})).toEqual([]);
});

test('the probe sees the SDK where it is on', () => {
  expect(loadedWith({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9' })).toEqual(
    expect.arrayContaining(['@opentelemetry/sdk-trace', '@opentelemetry/otlp-exporter-base']),
  );
});
