import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { newGate } from '../services/standalone/test/gate.ts';
import { openCrashWorld } from '../services/standalone/test/crash-world.ts';
import { poll } from '../services/standalone/test/server.ts';
import { join } from 'node:path';

const LOAD = fileURLToPath(new URL('log-faults/follower-load.ts', import.meta.url));
/** `npm run test:chaos -- --processes local` has a thousand of them, `npm test` fewer. */
const FOLLOWERS = process.env['RUNVOY_EVERY_LOG_FAULT'] === '1' ? 1_000 : 200;
const BEFORE = 400;
const LINES = Array.from({ length: 2 * BEFORE }, (_, at) => `line ${at + 1}`);

interface Report {
  readonly wrong: readonly string[];
  readonly gaps: number;
  readonly completeness: readonly string[];
  readonly unlike: number;
  readonly short: number;
  readonly connections: number;
  readonly forms: number;
  readonly longest: readonly string[];
}

test(`${FOLLOWERS} followers that all come back at once, with cursors at random places, lose and repeat nothing when their server is killed`, async () => {
  await using world = openCrashWorld('process', { keepsPort: true });
  const first = await world.start();
  const gate = newGate(join(world.dataDir, '..'));
  const half = (from: number) => `i=${from}; while [ $i -lt ${from + BEFORE} ]; do i=$((i+1)); echo "line $i"; done`;
  const run = (await world.submit(first, `${half(0)}; read x < ${gate.path}; ${half(BEFORE)}`))!;
  // All of the first half is there, so that each has a cursor that exists and something behind it.
  await poll(async () => {
    const page = await first.call<{ events: { message: string }[] | null }>(
      'GET',
      `/api/v1/executions/${run.execution_id}/logs?tail=1`,
    );
    return page.events?.some(({ message }) => message === `line ${BEFORE}`) || undefined;
  });
  const load = spawn(process.execPath, [LOAD, String(FOLLOWERS), '9'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const told = createInterface({ input: load.stdout })[Symbol.asyncIterator]();
    load.stdin.write(`${JSON.stringify({ websocketUrl: run.websocket_url, most: BEFORE - 10 })}\n`);
    expect(JSON.parse((await told.next()).value as string)).toEqual({ following: FOLLOWERS });

    await first.kill();
    await world.start();
    gate.open();
    const report = JSON.parse((await told.next()).value as string) as Report;
    const { longest, connections, ...rest } = report;
    expect(rest).toEqual({ wrong: [], gaps: 0, completeness: ['complete'], unlike: 0, short: 0, forms: FOLLOWERS / 2 });
    // Each was cut off, and came back.
    expect(connections).toBeGreaterThanOrEqual(2 * FOLLOWERS);
    const output = longest.filter((text) => text.startsWith('line '));
    expect(output).toEqual(LINES.slice(LINES.length - output.length));
    expect(output.length).toBeGreaterThan(LINES.length - BEFORE / 2);
  } finally {
    load.kill('SIGKILL');
    if (load.exitCode === null && load.signalCode === null) await once(load, 'exit');
  }
}, 120_000);
