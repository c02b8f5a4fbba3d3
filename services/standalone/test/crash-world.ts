import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { digestRow, type ExecutionStatusBody, type LogLine, type LogsBody, type RunAnswer } from '@runvoy/protocol';
import { newDirectory, poll, startServer, type Server } from './server.ts';

const CRASHING_MAIN = fileURLToPath(new URL('crashing-main.ts', import.meta.url));

/** One data directory over the lives of several servers, and one run in it that counts its own starts. */
export interface CrashWorld extends AsyncDisposable {
  readonly dataDir: string;
  /** A server with one moment armed, such as `after batch 1`. */
  startArmed(at: string, act?: 'kill' | 'pause' | 'lose'): Promise<ArmedServer>;
  /** An ordinary server on the same data. */
  start(env?: Record<string, string>): Promise<Server>;
  /**
   * Submits the world's one run; the same again is the same run, whoever answers. Undefined when the server died over it.
   * The command first notes that it has begun, unless it is in a container.
   */
  submit(server: Server, command: string, grace?: number): Promise<RunAnswer | undefined>;
  /** How often the command has begun. */
  starts(): number;
  /** Pid of the supervisor or the command, once there is one. */
  pidOf(id: string, who: 'supervisor' | 'command'): Promise<number>;
  /** Resolves when the run is forgotten; stops `server`; answers what is left: processes, files that have no owner. */
  leftBehind(server: Server, id: string): Promise<string[]>;
}

export interface ArmedServer extends Server {
  /** Resolves when the armed moment is reached, or the server has died of it. */
  readonly reached: Promise<void>;
  /** Lets a paused moment pass. */
  resume(): void;
}

/** A fresh world. `keepsPort`: each server is where the first one was, for those who come back to it. */
export function openCrashWorld(
  isolation: 'container' | 'process' = 'process',
  { keepsPort = false }: { readonly keepsPort?: boolean } = {},
): CrashWorld {
  const dataDir = join(newDirectory(), 'data');
  const startsFile = join(dataDir, '..', 'starts');
  const servers: Server[] = [];
  let key: string | undefined;
  let port = 0;

  async function start(options: { main?: string; env?: Record<string, string> } = {}): Promise<Server> {
    const env = { RUNVOY_LOCAL_ISOLATION: isolation, ...options.env };
    const server = await startServer({ dataDir, port, ...(key === undefined ? {} : { key }), ...options, env });
    if (keepsPort) port = Number(new URL(server.ready.api_url).port);
    key ??= server.key;
    servers.push(server);
    return server;
  }

  return {
    dataDir,
    async startArmed(at, act = 'kill') {
      const env = { RUNVOY_CRASH_AT: at, RUNVOY_CRASH_ACT: act };
      const server = await start({ main: CRASHING_MAIN, env });
      const told = once(createInterface({ input: server.process.stdout! }), 'line');
      const reached = (act === 'kill' ? once(server.process, 'exit') : told).then(() => undefined);
      return { ...server, reached, resume: () => void server.process.kill('SIGUSR2') };
    },
    start: (more = {}) => start({ env: more }),
    async submit(server, command, grace = 10) {
      const answer = await fetch(`${server.ready.api_url}/api/v1/run`, {
        method: 'POST',
        headers: { 'X-API-Key': server.key, 'Content-Type': 'application/json', 'Idempotency-Key': 'the one run' },
        // A container cannot reach the file.
        body: JSON.stringify({
          command: isolation === 'process' ? `echo begun >> ${startsFile}\n${command}` : command,
          grace,
        }),
      }).catch(() => undefined);
      // A server that died between its head and its body has not answered either.
      return answer?.json().catch(() => undefined) as Promise<RunAnswer | undefined>;
    },
    starts: () => (existsSync(startsFile) ? readFileSync(startsFile, 'utf8').split('\n').length - 1 : 0),
    pidOf: (id, who) =>
      poll(() => {
        const file = join(dataDir, 'runs', id, '1', `${who}.json`);
        return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as { pid: number }).pid : undefined;
      }),
    async leftBehind(server, id) {
      await poll(() => (existsSync(join(dataDir, 'runs', id)) ? undefined : true));
      const code = await server.stop();
      const left = [...livingProcesses(dataDir), ...strayFiles(dataDir)];
      return code === 0 ? left : [...left, `exit code ${code}`];
    },
    async [Symbol.asyncDispose]() {
      for (const server of servers) await server[Symbol.asyncDispose]();
      rmSync(join(dataDir, '..'), { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Everything of this data directory that lives: by its arguments, its environment or where it works. */
function livingProcesses(dataDir: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
        const about = [command, readFileSync(`/proc/${pid}/environ`, 'utf8'), readlinkSync(`/proc/${pid}/cwd`)];
        return about.some((text) => text.includes(dataDir)) ? [`process ${pid}: ${command}`] : [];
      } catch {
        return [];
      }
    });
}

/** What a data directory at rest holds; the compile cache is Node's own. */
const AT_REST = new Set([
  'isolation.json',
  'runvoy.sqlite',
  'events.sqlite',
  'vault-keys.json',
  'signing-keys.json',
  'client.json',
  'server.log',
]);

function strayFiles(dataDir: string): string[] {
  return readdirSync(dataDir, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !AT_REST.has(path) && !path.startsWith('compile-cache') && !statSync(join(dataDir, path)).isDirectory(),
  );
}

/** A run's log as a reader gets it, with what it is worth. */
export interface WholeLog {
  /** What the command wrote to standard output. */
  readonly output: readonly string[];
  /** The sequence numbers in the order they came. */
  readonly numbers: readonly number[];
  readonly completeness: string | undefined;
  /** The stored end record's digest, and the digest of the lines that were read. */
  readonly digests: readonly [stated: string | undefined, read: string];
}

/** Reads a log page by page, waiting for nothing. */
export async function readWholeLog(server: Server, id: string): Promise<WholeLog> {
  const lines: LogLine[] = [];
  let page: LogsBody;
  do {
    const after = lines.at(-1)?.seq ?? 0;
    page = await server.call<LogsBody>('GET', `/api/v1/executions/${id}/logs?after=${after}&limit=10000`);
    for (const { event_id, timestamp, message, stream, partial } of page.events ?? []) {
      lines.push({
        seq: Number(event_id),
        ms: timestamp,
        text: message,
        stream,
        ...(partial ? { partial: true as const } : {}),
      });
    }
  } while (page.next_after !== undefined && page.events?.length);
  const hash = createHash('sha256');
  for (const line of lines) hash.update(digestRow(line));
  return {
    output: lines.filter((line) => line.stream === 'stdout').map((line) => line.text),
    numbers: lines.map((line) => line.seq),
    completeness: page.completeness,
    digests: [page.sha256, hash.digest('hex')],
  };
}

/** How a run ended, in two words. */
export const endOf = ({ status, exit_code, reason }: ExecutionStatusBody) =>
  [status, exit_code, ...(reason === undefined ? [] : [reason])].join(' ');
