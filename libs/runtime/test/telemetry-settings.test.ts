import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { ConfigProblems } from '../src/index.ts';
import { readTelemetrySettings, TELEMETRY_VARIABLES } from '../src/telemetry-settings.ts';

const read = (env: Record<string, string>) => readTelemetrySettings(env, { serviceName: 'runvoy-test' });
const BASE = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318/' };

test('docs/config.md lists exactly the variables of OpenTelemetry that count', () => {
  const docs = readFileSync(new URL('../../../docs/config.md', import.meta.url), 'utf8');
  const listed = [...docs.matchAll(/^\| `(OTEL_\w+)`/gm)].map(([, name]) => name);
  expect(listed).toEqual(Object.values(TELEMETRY_VARIABLES).map(([name]) => name));
});

test.each<[string, Record<string, string>]>([
  ['nobody has named a receiver', {}],
  ['the SDK is disabled', { ...BASE, OTEL_SDK_DISABLED: 'TRUE' }],
  ['neither traces nor metrics go anywhere', { ...BASE, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' }],
])('there is no telemetry where %s', (_, env) => {
  expect(read(env)).toBeUndefined();
});

test('a base URL serves both kinds, and a URL of its own is taken as it is', async () => {
  expect(read(BASE)).toMatchObject({
    serviceName: 'runvoy-test',
    traces: { url: 'http://127.0.0.1:4318/v1/traces' },
    metrics: { url: 'http://127.0.0.1:4318/v1/metrics' },
    protocol: 'http/protobuf',
    sampler: 'parentbased_always_on',
  });
  const own = read({
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://t.example.com/x',
    OTEL_EXPORTER_OTLP_HEADERS: 'k=a%20b,l=c=',
  });
  expect(own).toMatchObject({ traces: { url: 'https://t.example.com/x' } });
  expect(own?.metrics).toBeUndefined();
  expect(await own?.traces?.headers()).toEqual({ k: 'a b', l: 'c=' });
});

test('a receiver that a deployment has is told without any variable, and another that is named in its place', async () => {
  const receiver = { endpoint: 'https://google.example', headers: async () => ({ Authorization: 'Bearer t' }) };
  const theirs = readTelemetrySettings({}, { serviceName: 's', receiver });
  expect(theirs?.traces?.url).toBe('https://google.example/v1/traces');
  expect(await theirs?.traces?.headers()).toEqual({ Authorization: 'Bearer t' });
  const named = readTelemetrySettings(BASE, { serviceName: 's', receiver });
  expect(named?.traces?.url).toBe('http://127.0.0.1:4318/v1/traces');
  // Google's token goes to nobody else.
  expect(await named?.traces?.headers()).toEqual({});
});

test('everything that is wrong is named at once, and no header is told', () => {
  const wrong = {
    OTEL_EXPORTER_OTLP_ENDPOINT: 'localhost:4317',
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_TRACES_SAMPLER: 'jaeger_remote',
    OTEL_TRACES_SAMPLER_ARG: '2',
    OTEL_EXPORTER_OTLP_HEADERS: 'hunter2',
  };
  const problems = (() => {
    try {
      read(wrong);
    } catch (error) {
      return (error as ConfigProblems).problems;
    }
    return [];
  })();
  expect(problems.map((problem) => problem.split(' ')[0]).toSorted()).toEqual(Object.keys(wrong).toSorted());
  expect(problems.join()).not.toContain('hunter2');
});
