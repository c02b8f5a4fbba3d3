import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { compileCache } from './compile-cache.ts';
import { type ContainerEngine, ENGINES, type EngineLimit, engineEnvironment } from './container-engine.ts';
import type { LocalIsolation, ProbeFinding } from './isolation-level.ts';

interface ProbeArgs {
  readonly runnerMain: string;
  readonly dataDir: string;
  /** The server's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The engine that was named, with its options; none = podman, then docker. */
  readonly engine?: ContainerEngine['command'];
}

const PROBE_MS = { bubblewrap: 15_000, container: 45_000 } as const;

/** Lets the runner try it: what starts the commands is what has to prove itself. */
export async function probeWithRunner(
  args: ProbeArgs,
  isolation: Exclude<LocalIsolation, 'process'>,
): Promise<ProbeFinding> {
  if (isolation === 'bubblewrap') {
    const { why } = await ask(args, isolation, [], { PATH: args.env['PATH'] ?? '' });
    return why === undefined ? { works: true } : { works: false, why };
  }
  const env = engineEnvironment(args.env);
  const whys: string[] = [];
  for (const command of args.engine ? [args.engine] : ENGINES) {
    const { why, enforces = [] } = await ask(args, isolation, command, env);
    if (why === undefined) return { works: true, engine: { command, env, enforces } };
    whys.push(why.startsWith(command[0]) ? why : `${command[0]}: ${why}`);
  }
  return { works: false, why: whys.join('; ') };
}

interface ProbeAnswer {
  readonly why?: string;
  readonly enforces?: readonly EngineLimit[];
}

async function ask(
  { runnerMain, dataDir, env: hostEnv }: ProbeArgs,
  isolation: keyof typeof PROBE_MS,
  engine: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<ProbeAnswer> {
  const directory = join(dataDir, 'supervisors');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [runnerMain, 'probe', isolation, dataDir, ...engine],
      {
        cwd: directory,
        env: { ...env, NODE_COMPILE_CACHE: compileCache(dataDir, hostEnv) },
        timeout: PROBE_MS[isolation],
        killSignal: 'SIGKILL',
      },
    );
    return JSON.parse(stdout) as ProbeAnswer;
  } catch (error) {
    return { why: `the probe failed: ${(error as Error).message.split('\n')[0]}` };
  }
}
