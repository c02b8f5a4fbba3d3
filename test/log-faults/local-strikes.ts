import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CrashWorld } from '../../services/standalone/test/crash-world.ts';
import { failDisk } from '../../services/standalone/test/failing-disk.ts';
import { poll, type Server } from '../../services/standalone/test/server.ts';
import type { LocalLogFault } from './log-fault-cases.ts';
import type { ReadersProxy } from './readers-proxy.ts';

/** A run that is read while it writes, and everything that may be done to it. */
export interface LocalScene {
  readonly world: CrashWorld;
  readonly id: string;
  readonly proxy: ReadersProxy;
  /** The server that lives, or lived last. */
  server: Server & { readonly reached?: Promise<void>; resume?(): void };
  /** Sets the server's clock by so much. */
  readonly setClock: (aheadMs: number) => Promise<void>;
  /** Resolves when a reader has this line of the command's. */
  readonly shown: (line: number) => Promise<void>;
  /** Starts a server where the last one was. */
  readonly startAgain: (armedAt?: string) => Promise<void>;
}

interface Strike {
  /** What the first server is armed with, and what happens there: it is killed unless told. */
  readonly arm?: readonly [at: string, act?: 'kill' | 'pause' | 'lose'];
  readonly strike: (scene: LocalScene) => Promise<void>;
}

const CUT_MS = 30_000;
const FULL_MS = 2_000;
const HOUR_MS = 3_600_000;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const killedAt = (at: string): Strike => ({
  arm: [at],
  async strike(scene) {
    await scene.server.reached;
    await scene.startAgain();
  },
});

const answerLost = (at: string): Strike => ({ arm: [at, 'lose'], strike: async ({ server }) => server.reached });

/** Held at the moment, the runner is killed, and the server goes on. */
const runnerKilledAt = (at: string): Strike => ({
  arm: [at, 'pause'],
  async strike({ world, id, server }) {
    await server.reached;
    process.kill(await world.pidOf(id, 'supervisor'), 'SIGKILL');
    server.resume!();
  },
});

const spoolOf = ({ world, id }: LocalScene) => join(world.dataDir, 'runs', id, '1', 'spool.jsonl');

async function commandEnds({ world, id }: LocalScene): Promise<void> {
  const pid = await world.pidOf(id, 'command');
  await poll(() => (existsSync(`/proc/${pid}`) ? undefined : true));
}

/** How each case of the table is done to a real server. */
export const LOCAL_STRIKES: Readonly<Record<LocalLogFault, Strike>> = {
  'server before batch 1': killedAt('before batch 1'),
  'server after batch 1': killedAt('after batch 1'),
  'server after logs call 1': killedAt('after logs call 1'),
  'server after batch 5': killedAt('after batch 5'),
  'server before finished 1': killedAt('before finished 1'),
  'server after finished 1': killedAt('after finished 1'),
  'server before ended 1': killedAt('before ended 1'),
  'server after ended 1': killedAt('after ended 1'),
  'server twice': {
    arm: ['after batch 3'],
    async strike(scene) {
      await scene.server.reached;
      await scene.startAgain('after batch 3');
      await scene.server.reached;
      await scene.startAgain();
    },
  },
  'server away until the end': {
    arm: ['after batch 2'],
    async strike(scene) {
      await scene.server.reached;
      await commandEnds(scene);
      await scene.startAgain();
    },
  },
  'answer to batch 2': answerLost('after batch 2'),
  'answer to bootstrap': answerLost('after bootstrapped 1'),
  'answer to finished': answerLost('after finished 1'),
  'batch 3 late': {
    arm: ['before batch 3', 'pause'],
    async strike(scene) {
      await scene.server.reached;
      await commandEnds(scene);
      scene.server.resume!();
    },
  },
  'intake 30 s': {
    arm: ['after batch 3', 'lose'],
    async strike({ world, server }) {
      const socket = join(world.dataDir, 'intake.sock');
      await server.reached;
      renameSync(socket, `${socket}.away`);
      await pause(CUT_MS);
      renameSync(`${socket}.away`, socket);
    },
  },
  'spool removed': {
    async strike(scene) {
      await scene.shown(10);
      rmSync(spoolOf(scene));
    },
  },
  'runner after batch 1': runnerKilledAt('after batch 1'),
  'runner after batch 5': runnerKilledAt('after batch 5'),
  'runner before finished 1': runnerKilledAt('before finished 1'),
  'runner and server': {
    arm: ['after batch 5', 'pause'],
    async strike(scene) {
      await scene.server.reached;
      process.kill(await scene.world.pidOf(scene.id, 'supervisor'), 'SIGKILL');
      await scene.server.kill();
      await scene.startAgain();
    },
  },
  'both lanes': {
    arm: ['before batch 5', 'pause'],
    async strike(scene) {
      await scene.server.reached;
      rmSync(spoolOf(scene));
      process.kill(await scene.world.pidOf(scene.id, 'supervisor'), 'SIGKILL');
      await scene.server.kill();
      await scene.startAgain();
    },
  },
  'readers 30 s': {
    async strike({ shown, proxy }) {
      await shown(10);
      proxy.cut();
      await pause(CUT_MS);
      proxy.mend();
    },
  },
  'readers often': {
    async strike({ shown, proxy }) {
      for (let line = 5; line <= 50; line += 5) {
        await shown(line);
        proxy.breakAll();
      }
    },
  },
  'clock back': {
    async strike({ shown, setClock }) {
      await shown(10);
      await setClock(-HOUR_MS);
    },
  },
  'store full': {
    async strike({ shown, server }) {
      await shown(10);
      const files = ['runvoy.sqlite', 'runvoy.sqlite-wal'].map((name) => join(server.ready.data_dir, name));
      const fault = { calls: 'pwrite64', nth: 1, error: 'ENOSPC', lasts: 'until healed' } as const;
      await using disk = await failDisk([server.ready.pid], fault, files);
      await disk.failed;
      await pause(FULL_MS);
    },
  },
  'spool full': {
    async strike(scene) {
      await scene.shown(10);
      const fault = { calls: 'pwritev,pwrite64', nth: 1, error: 'ENOSPC', lasts: 'until healed' } as const;
      await using disk = await failDisk([await scene.world.pidOf(scene.id, 'supervisor')], fault, [spoolOf(scene)]);
      await disk.failed;
      await pause(FULL_MS);
    },
  },
};
