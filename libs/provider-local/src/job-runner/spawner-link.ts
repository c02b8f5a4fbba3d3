import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { jsonLines } from '@runvoy/protocol/json-lines';
import type { SpawnReport, SpawnRequest } from './spawn-orders.ts';

/** The server's end of the spawner: a process that is started again when it dies. */
export interface SpawnerLink extends AsyncDisposable {
  /** Hands an order over. `onLost` tells which orders may not have arrived. */
  send(request: SpawnRequest): void;
  /** For tests and for the banner. */
  readonly pid: number | undefined;
}

const SPAWNER = fileURLToPath(new URL('spawner.ts', import.meta.url));
/** A spawner that dies at once must not make the server busy with starting it. */
const RESTART_MS = 250;

export function openSpawnerLink(args: {
  readonly runnerMain: string;
  readonly poolDirectory: string;
  readonly env: Readonly<Record<string, string>>;
  readonly onReport: (report: SpawnReport) => void;
  /** The spawner died and a new one is there: what it was told and did not confirm has to be told again. */
  readonly onRestarted: () => void;
}): SpawnerLink {
  let child: ChildProcess | undefined;
  let isClosed = false;
  let restart: NodeJS.Timeout | undefined;
  start();

  function start(): void {
    const spawner = spawn(process.execPath, [SPAWNER, args.runnerMain, args.poolDirectory], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...args.env },
      // A Ctrl-C in the server's terminal is for the server, which then closes this process.
      detached: true,
    });
    child = spawner;
    // Written to after its death: the order stays unconfirmed and is sent to the next one.
    spawner.stdin.on('error', () => undefined);
    spawner.on('error', () => undefined);
    void readReports(spawner.stdout);
    spawner.once('close', () => {
      child = undefined;
      if (isClosed) return;
      restart = setTimeout(() => {
        start();
        args.onRestarted();
      }, RESTART_MS);
    });
  }

  async function readReports(output: AsyncIterable<Buffer>): Promise<void> {
    try {
      for await (const line of jsonLines(output)) args.onReport(JSON.parse(line) as SpawnReport);
    } catch {
      // Its last line was torn by its death.
    }
  }

  return {
    send: (request) => void child?.stdin?.write(`${JSON.stringify(request)}\n`),
    get pid() {
      return child?.pid;
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      clearTimeout(restart);
      const closing = child;
      if (!closing) return;
      const closed = new Promise((resolve) => closing.once('close', resolve));
      closing.stdin?.end();
      await closed;
    },
  };
}
