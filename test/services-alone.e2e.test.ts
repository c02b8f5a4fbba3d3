import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { createFirstAdmin, systemClock } from '@runvoy/core';
import { openDataDir, openSqliteRecords } from '@runvoy/provider-local';
import { COMPILED } from '../jobs/sandbox-runner/test/compiled.ts';
import { mainOf, startService, type ServiceName } from './service-process.ts';

const SERVICES: readonly ServiceName[] = ['orchestrator', 'processor', 'websocket'];
const local = () => ({
  RUNVOY_BACKEND_PROVIDER: 'local',
  RUNVOY_DATA_DIR: mkdtempSync(join(tmpdir(), 'runvoy-alone-')),
});

/** Runs a service that should not come up. */
function refused(service: ServiceName, env: Record<string, string>) {
  const { status, stderr } = spawnSync(process.execPath, [mainOf(service)], {
    encoding: 'utf8',
    env: { ...COMPILED, PATH: process.env['PATH'], ...env },
  });
  return { status, lines: stderr.trimEnd().split('\n') };
}

describe.each(SERVICES)('the %s alone, on a data directory', (service) => {
  test('is healthy and ready, logs JSON lines and exits with 0 when it is told to', async () => {
    await using running = await startService(service, local());
    expect(await (await fetch(`${running.url}/health`)).json()).toEqual({ status: 'ok' });
    expect(await (await fetch(`${running.url}/ready`)).json()).toEqual({ status: 'ready' });
    const { code, tookMs } = await running.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(10_000);
    expect(running.logged.map(({ message }) => message)).toEqual(
      expect.arrayContaining(['listening', 'the service stops']),
    );
    for (const entry of running.logged) {
      expect(entry).toMatchObject({ severity: expect.any(String), time: expect.any(String) });
    }
  });

  test('is refused in one line that says so while another process has the directory', async () => {
    const env = local();
    await using running = await startService('websocket', env);
    const { status, lines } = refused(service, { ...env, PORT: '0' });
    expect([status, lines]).toEqual([1, [expect.stringMatching(/in use by another process/)]]);
    expect((await running.stop()).code).toBe(0);
  });

  test('answers nothing but its health where it has no business', async () => {
    await using running = await startService(service, local());
    for (const path of ['/events', '/runner/v1/executions/x/logs']) {
      expect((await fetch(running.url + path, { method: 'POST' })).status).toBe(404);
    }
  });
});

test('the orchestrator alone refuses a run, names what starts everything, and shows what is stored', async () => {
  const env = local();
  const records = openSqliteRecords(openDataDir(env.RUNVOY_DATA_DIR).database);
  const deps = { records, clock: systemClock, random: randomBytes };
  const { api_key } = (await createFirstAdmin(deps, { email: 'admin@example.com', key_name: 'k', request_id: 'r' }))!;
  records.close();
  await using running = await startService('orchestrator', env);
  const headers = { 'X-API-Key': api_key, 'content-type': 'application/json' };
  const body = JSON.stringify({ command: 'echo hi' });
  const answer = await fetch(`${running.url}/api/v1/run`, { method: 'POST', headers, body });
  expect([answer.status, await answer.json()]).toEqual([
    503,
    expect.objectContaining({ code: 'NO_RUNNER', details: expect.stringContaining('"npm start"') }),
  ]);
  expect(await (await fetch(`${running.url}/api/v1/executions`, { headers })).json()).toEqual([]);
});

describe.each(SERVICES)('the %s with a wrong configuration', (service) => {
  test('names every wrong variable at once and never listens', () => {
    const { status, lines } = refused(service, {
      RUNVOY_BACKEND_PROVIDER: 'gcp',
      PORT: 'http',
      RUNVOY_GCP_PROJECT_ID: 'Not A Project',
      RUNVOY_GCP_REGION: 'europe-west1',
      RUNVOY_LOG_LEVEL: 'loud',
    });
    expect(status).toBe(1);
    for (const variable of [
      'PORT',
      'RUNVOY_GCP_PROJECT_ID',
      'RUNVOY_LOG_LEVEL',
      'RUNVOY_SIGNING_KEY',
      'RUNVOY_INTAKE_URL',
    ]) {
      expect(lines).toContainEqual(expect.stringContaining(variable));
    }
    expect(lines.join('\n')).not.toContain('RUNVOY_GCP_REGION ');
  });

  test('names every wrong variable of the local provider, too', () => {
    const { status, lines } = refused(service, {
      RUNVOY_BACKEND_PROVIDER: 'local',
      PORT: '-1',
      RUNVOY_LOG_LEVEL: 'loud',
    });
    expect([status, lines]).toEqual([
      1,
      [expect.stringContaining('PORT'), expect.stringContaining('RUNVOY_LOG_LEVEL')],
    ]);
  });
});
