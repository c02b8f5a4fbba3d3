import { describe, jest, test } from '@jest/globals';
import { join } from 'node:path';
import type { LogsBody } from '@runvoy/protocol';
import { openCrashWorld } from '../services/standalone/test/crash-world.ts';
import { whyNoFailingDisk } from '../services/standalone/test/failing-disk.ts';
import { poll } from '../services/standalone/test/server.ts';
import { judgeReader, numbered } from './log-faults/judge-readers.ts';
import { LOCAL_LOG_FAULTS, type LocalLogFault, type LogFaultCase } from './log-faults/log-fault-cases.ts';
import { LOCAL_STRIKES, type LocalScene } from './log-faults/local-strikes.ts';
import { openReadersProxy } from './log-faults/readers-proxy.ts';
import { READER_FORMS, readRun } from './log-faults/run-readers.ts';
import { openSettableClocks } from './log-faults/settable-clocks.ts';

jest.setTimeout(170_000);

const isEvery = process.env['RUNVOY_EVERY_LOG_FAULT'] === '1';
const CASES = (Object.entries(LOCAL_LOG_FAULTS) as [LocalLogFault, LogFaultCase][]).filter(
  ([, { often }]) => isEvery || often,
);
const LINES = numbered(60);
/** Speaks for some seconds, whether or not anybody listens. */
const TALK = 'i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo "line $i"; sleep 0.04; done; exit 7';
const noDisk = whyNoFailingDisk();

describe('on one machine every reader of a run has what it wrote, once and in order, or is told what is missing', () => {
  for (const [name, { fault, moment, ending }] of CASES) {
    const why = name.endsWith('full') ? noDisk : undefined;
    const here = why === undefined ? test.concurrent : test.skip;
    here(`${fault}: ${moment}${why === undefined ? '' : ` — skipped: ${why}`}`, async () => {
      const { arm, strike } = LOCAL_STRIKES[name];
      await using world = openCrashWorld('process', { keepsPort: true });
      const clocks = openSettableClocks(join(world.dataDir, '..', 'clocks'));
      const isTimed = name === 'clock back';
      const first = arm ? await world.startArmed(...arm) : await world.start(isTimed ? clocks.env : {});
      await using proxy = await openReadersProxy(Number(new URL(first.ready.api_url).port));
      const run = (await world.submit(first, TALK))!;
      const page = async (after: number, limit: number) => {
        const url = `${first.ready.api_url}/api/v1/executions/${run.execution_id}/logs?after=${after}&limit=${limit}`;
        const answer = await fetch(proxy.through(url), { headers: { 'X-API-Key': first.key } });
        if (!answer.ok) throw new Error(`${answer.status}`);
        return (await answer.json()) as LogsBody;
      };
      const readers = READER_FORMS.map((form) =>
        readRun(form, { websocketUrl: proxy.through(run.websocket_url), page }),
      );
      const scene: LocalScene = {
        world,
        id: run.execution_id,
        proxy,
        server: first,
        setClock: (aheadMs) => clocks.set(scene.server.ready.pid, aheadMs),
        async shown(line) {
          await poll(
            () => readers.some(({ seen }) => seen.lines.some(({ text }) => text === `line ${line}`)) || undefined,
          );
        },
        async startAgain(armedAt) {
          scene.server = armedAt === undefined ? await world.start() : await world.startArmed(armedAt);
        },
      };
      await strike(scene);
      for (const { done } of readers) judgeReader(await done, LINES, ending);
      // Whoever comes when all is over sees the same.
      for (const form of READER_FORMS) {
        const late = readRun(form, { websocketUrl: run.websocket_url, page, after: 0 });
        judgeReader(await late.done, LINES, ending);
      }
    });
  }
});
