import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { EngineLimit } from './isolation/container-engine.ts';
import { MACHINE_IMAGE } from './isolation/container-image.ts';
import { newSandbox } from './isolation/new-sandbox.ts';
import type { Sandbox } from './isolation/sandbox.ts';
import type { OutputPipes } from './output-pipes.ts';

/** What a probe found: nothing, or why there is no such isolation here. */
export interface ProbeAnswer {
  readonly isolation: string;
  readonly why?: string;
  /** Of a container: what the engine truly limits. */
  readonly enforces?: readonly EngineLimit[];
}

/** A probe that takes longer has failed. An engine may have to make its image first. */
const PROBE_MS = { bubblewrap: 10_000, container: 20_000 };

interface ProbeArgs {
  readonly isolation: string;
  /** A path that a sandbox must not show. */
  readonly hidden: string;
  /** The engine's program and options, for a container. */
  readonly engine: readonly string[];
  readonly pipes: OutputPipes;
}

/**
 * Opens a sandbox exactly as for a run, and looks from inside whether it hides `hidden` and takes files and processes; in a container
 * also which limits are there. A version number or the presence of a tool would prove nothing.
 */
export async function probeIsolation(args: ProbeArgs): Promise<ProbeAnswer> {
  if (args.isolation !== 'container') return tryOut(args, []);
  const full = await tryOut(args, ['cpu', 'memory']);
  // An engine may refuse to limit what it cannot limit here.
  return full.why === undefined ? full : tryOut(args, []).then((less) => (less.why === undefined ? less : full));
}

async function tryOut({ isolation, hidden, engine, pipes }: ProbeArgs, asked: EngineLimit[]): Promise<ProbeAnswer> {
  const directory = mkdtempSync(join(process.cwd(), 'probe-'));
  const sandbox = newSandbox(
    {
      isolation,
      execution_id: `probe-${process.pid}-${asked.length}`,
      attempt: 1,
      host_env: { PATH: process.env['PATH'] ?? '' },
      image: MACHINE_IMAGE,
      ...PROBE_SIZE,
      engine: { command: engine as [string], env: process.env as Record<string, string>, enforces: asked },
    },
    { pipes, pathInRunDir: (name) => join(directory, name), onLeader: () => undefined },
  );
  const limitMs = isolation === 'container' ? PROBE_MS.container : PROBE_MS.bubblewrap;
  try {
    const late = pause(limitMs, `no answer in ${limitMs / 1000} s`, { ref: false });
    const found = await Promise.race([look(isolation, sandbox, hidden), late]);
    if (typeof found === 'string') return { isolation, why: found };
    if (isolation !== 'container') return { isolation };
    if (!isEnforced(found, LIMIT_FILES.pids)) return { isolation, why: 'it does not limit the number of processes' };
    return { isolation, enforces: asked.filter((limit) => isEnforced(found, LIMIT_FILES[limit])) };
  } catch (error) {
    return { isolation, why: (error as Error).message };
  } finally {
    await Promise.race([sandbox.processes.killAll(), pause(limitMs, undefined, { ref: false })]);
    rmSync(directory, { recursive: true, force: true });
  }
}

const PROBE_SIZE = { cpu: 512, memory_mib: 64 } as const;

/** Where a container sees its limits, under control groups of version 2 and 1, and what must stand there. */
const LIMIT_FILES = {
  pids: { paths: ['pids.max', 'pids/pids.max'], holds: /^512$/ },
  memory: { paths: ['memory.max', 'memory/memory.limit_in_bytes'], holds: /^67108864$/ },
  cpu: { paths: ['cpu.max', 'cpu/cpu.cfs_quota_us'], holds: /^50000\b/ },
} as const;

function isEnforced(found: ReadonlyMap<string, string>, limit: (typeof LIMIT_FILES)[EngineLimit | 'pids']): boolean {
  return limit.paths.some((path) => limit.holds.test(found.get(path) ?? ''));
}

/** What the limits' files hold, or why this is no sandbox. */
async function look(
  isolation: string,
  sandbox: Sandbox,
  hidden: string,
): Promise<ReadonlyMap<string, string> | string> {
  await sandbox.open([], () => undefined);
  await sandbox.writeNewFile(`${sandbox.workspace}/probe`, 'works');
  const said: string[] = [];
  const code = await sandbox.runTool({
    argv: ['/bin/sh', '-ec', 'test ! -e "$HIDDEN"; test "$$" -lt 1000; cat probe | cat'],
    cwd: sandbox.workspace,
    env: { PATH: sandbox.env['PATH']!, HIDDEN: hidden },
    onLine: (text) => said.push(text),
  });
  if (code !== 0 || said.join() !== 'works') return `it does not hide ${hidden}, or cannot run a command`;
  const found = new Map<string, string>();
  if (isolation !== 'container') return found;
  for (const path of Object.values(LIMIT_FILES).flatMap((limit) => limit.paths)) {
    await sandbox.runTool({
      argv: ['/bin/sh', '-c', 'read -r value < "/sys/fs/cgroup/$0" && echo "$value"', path],
      cwd: sandbox.workspace,
      env: {},
      onLine: (text) => found.set(path, text),
    });
  }
  return found;
}
