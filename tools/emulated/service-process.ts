import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** How a process ended: by itself with a code, or by a signal. */
export interface InstanceEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One instance of a service, as a process that can be treated as Cloud Run treats its own. */
export interface ServiceInstance {
  readonly name: string;
  readonly pid: number;
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Resolves when it ends, for whatever reason. */
  readonly ended: Promise<InstanceEnd>;
  /** The end of what it has said, at most ten lines. */
  readonly tail: () => string;
  /** SIGSTOP: it gets no CPU, as between two requests. */
  freeze(): void;
  thaw(): void;
  /** SIGTERM, SIGKILL after 10 s. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface ServiceStart {
  /** Unique among the instances; names its log, too. */
  readonly name: string;
  readonly main: string;
  readonly env: Readonly<Record<string, string>>;
  /** Where its lines go. */
  readonly logFile: string;
  /** Whether Ctrl-C on a terminal reaches it by itself, as everything there; false where whoever started it ends it in order. */
  readonly hearsTerminal?: boolean;
}

const KILLED_AFTER_MS = 10_000;
const TAIL_LINES = 10;
const KEPT_CHARACTERS = 8_000;

/** Starts an instance on a port the system chooses. Rejects, with what it said, when it ends instead of listening. */
export async function startInstance({
  name,
  main,
  env,
  logFile,
  hearsTerminal = true,
}: ServiceStart): Promise<ServiceInstance> {
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: !hearsTerminal,
    env: { ...ofThisMachine(), ...env, PORT: '0', RUNVOY_HOST: '127.0.0.1' },
  });
  let problem = '';
  let said = '';
  const keep = (text: string) => {
    said = (said + text).slice(-KEPT_CHARACTERS);
    appendFileSync(logFile, text);
  };
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problem = (problem + text).slice(-KEPT_CHARACTERS);
    keep(text);
  });
  const listening = Promise.withResolvers<number>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    keep(`${line}\n`);
    const port = portIn(line);
    if (port !== undefined) listening.resolve(port);
  });
  const ended = once(child, 'close').then(() => ({ code: child.exitCode, signal: child.signalCode }));
  const port = await Promise.race([listening.promise, ended.then(() => undefined)]);
  if (port === undefined) {
    throw new Error(`${name} did not start: ${problem.trim() || `it ended with ${child.exitCode}`}`);
  }
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  return {
    name,
    pid: child.pid!,
    host: `127.0.0.1:${port}`,
    ended,
    tail: () => said.trimEnd().split('\n').slice(-TAIL_LINES).join('\n'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async stop() {
      if (isOver()) return (await ended).code;
      child.kill('SIGTERM');
      // A frozen process hears nothing.
      child.kill('SIGCONT');
      const timer = setTimeout(() => child.kill('SIGKILL'), KILLED_AFTER_MS);
      const { code } = await ended;
      clearTimeout(timer);
      return code;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Without `NODE_COMPILE_CACHE` each process would take the types away anew; an image holds everything compiled. */
export function ofThisMachine(): Record<string, string> {
  const names = ['PATH', 'HOME', 'NODE_COMPILE_CACHE'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

/** The port in the line that says where the service listens. */
function portIn(line: string): number | undefined {
  try {
    const { message, port } = JSON.parse(line) as { readonly message?: unknown; readonly port?: unknown };
    return message === 'listening' && typeof port === 'number' ? port : undefined;
  } catch {
    return undefined;
  }
}
