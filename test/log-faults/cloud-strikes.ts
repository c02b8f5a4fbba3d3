import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogEntry } from '@runvoy/google-fakes';
import type { LogsBody } from '@runvoy/protocol';
import { poll } from '../../services/standalone/test/server.ts';
import { ROLES, type Role } from '../../tools/emulated/deployment.ts';
import type { CrashStack } from '../crash/crash-stack.ts';
import type { GcpLogFault } from './log-fault-cases.ts';

/** A run that is read while it writes, in a deployment that others use as well. */
export interface CloudScene {
  readonly server: CrashStack;
  readonly id: string;
  /** Resolves when a reader has this line of the command's. */
  readonly shown: (line: number) => Promise<void>;
}

interface Strike {
  /** The moment at which an instance is killed, armed before the run is submitted. */
  readonly arm?: readonly [Role, string];
  readonly strike?: (scene: CloudScene) => Promise<void>;
}

const CUT_MS = 30_000;
const HOUR_MS = 3_600_000;
const ALL = 100_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const killed = (role: Role, at: string): Strike => ({ arm: [role, at] });

const isOf =
  (id: string) =>
  ({ jsonPayload }: LogEntry): boolean =>
    jsonPayload?.['execution_id'] === id;

/** Holds only for what is still to come: the first batch may be on its way by then. */
const laneDoes = (mishap: 'drop' | 'duplicate' | 'delay'): Strike => ({
  strike: async ({ server, id }) => server.stack.google.sinks.logs.plan(mishap, { to: isOf(id), times: ALL }),
});

const cutFor30s = (role: Role): Strike => ({
  async strike({ server, shown }) {
    await shown(5);
    server.stack.cut(role);
    try {
      await pause(CUT_MS);
    } finally {
      server.stack.mend(role);
    }
  },
});

/** The sidecar has printed this line, whoever may know of it. */
const printed = (server: CrashStack, id: string, what: RegExp) =>
  poll(
    () =>
      server.stack.google.logging.entries.some((entry) => isOf(id)(entry) && what.test(JSON.stringify(entry))) ||
      undefined,
  );

/** Every block of the volume is taken; nobody gets another one. */
async function fill(volume: string): Promise<void> {
  const dd = spawn('dd', ['if=/dev/zero', `of=${join(volume, 'full')}`, 'bs=1M', 'status=none'], { stdio: 'ignore' });
  await once(dd, 'exit');
  let code: string | undefined;
  try {
    writeFileSync(join(volume, 'more'), 'x');
  } catch (error) {
    ({ code } = error as NodeJS.ErrnoException);
  }
  if (code !== 'ENOSPC') throw new Error(`the volume is not full: ${code}`);
}

async function setClocks({ server }: CloudScene, aheadMs: number, instances: 'one' | 'all'): Promise<void> {
  for (const role of ROLES) {
    const all = server.stack.instances(role);
    for (const { pid } of instances === 'all' ? all : all.slice(0, 1)) await server.clocks.set(pid, aheadMs);
  }
}

/** How each case of the table is done to a deployment. */
export const CLOUD_STRIKES: Readonly<Record<GcpLogFault, Strike>> = {
  'orchestrator after started': killed('orchestrator', 'after started'),
  'intake after bootstrapped': killed('intake', 'after bootstrapped'),
  'intake before batch': killed('intake', 'before batch'),
  'intake after batch': killed('intake', 'after batch'),
  'intake before finished': killed('intake', 'before finished'),
  'intake after finished': killed('intake', 'after finished'),
  'processor before batch': killed('processor', 'before batch'),
  'processor after batch': killed('processor', 'after batch'),
  'processor after look': killed('processor', 'after look'),
  'processor before ended': killed('processor', 'before ended'),
  'processor after ended': killed('processor', 'after ended'),
  'websocket before watch': killed('websocket', 'before watch'),
  'websocket after watch': killed('websocket', 'after watch'),
  'websocket before page': killed('websocket', 'before page'),
  'websocket after page': killed('websocket', 'after page'),
  'sidecar in the middle': {
    async strike({ server, id, shown }) {
      await shown(5);
      await server.killSidecar(id);
    },
  },
  'sidecar has reported': {
    async strike({ server, id }) {
      await printed(server, id, /"runvoy":"finished"/);
      await server.killSidecar(id);
    },
  },
  'lane drops': laneDoes('drop'),
  'lane doubles': laneDoes('duplicate'),
  'lane delays': laneDoes('delay'),
  'lane reorders': {
    async strike({ server, id }) {
      let turn = 0;
      const odd = (entry: LogEntry) => isOf(id)(entry) && turn++ % 2 === 1;
      server.stack.google.sinks.logs.plan('reorder', { to: odd, times: ALL });
    },
  },
  'websocket 30 s': cutFor30s('websocket'),
  'intake 30 s': cutFor30s('intake'),
  'both lanes': {
    async strike({ server, id, shown }) {
      await shown(5);
      server.stack.google.sinks.logs.plan('drop', { to: isOf(id), times: ALL });
      server.stack.cut('intake');
      try {
        await printed(server, id, /line 25\\?"/);
        await server.killSidecar(id);
      } finally {
        server.stack.mend('intake');
      }
    },
  },
  'sidecar clock back': {
    async strike({ server, id, shown }) {
      await shown(5);
      server.clocks.setSidecar(id, -HOUR_MS);
      const isBack = ({ timestamp }: { readonly timestamp: number }) => timestamp < Date.now() - HOUR_MS / 2;
      await poll(async () => {
        const { events } = await server.call<LogsBody>('GET', `/api/v1/executions/${id}/logs?after=0`);
        return events?.some(isBack) || undefined;
      });
    },
  },
  'some clocks back': {
    async strike(scene) {
      await scene.shown(5);
      await setClocks(scene, -HOUR_MS, 'one');
    },
  },
  'all clocks back': {
    async strike(scene) {
      await scene.shown(5);
      await setClocks(scene, -HOUR_MS, 'all');
      await printed(scene.server, scene.id, /"runvoy":"finished"/);
      await setClocks(scene, 0, 'all');
    },
  },
  'volume full': {
    async strike({ server, id, shown }) {
      await shown(5);
      const { volume } = await server.sidecarOf(id);
      await fill(volume);
    },
  },
  'volume full at once': {
    async strike({ server, id }) {
      // Held before it has done anything: a process that only just began has not read its first module.
      const { pid, volume } = await server.sidecarOf(id);
      process.kill(pid, 'SIGSTOP');
      await fill(volume);
      process.kill(pid, 'SIGCONT');
    },
  },
};
