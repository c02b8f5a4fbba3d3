import { execFile } from 'node:child_process';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** How runs can be kept apart on one machine, the best first. */
export const LOCAL_ISOLATIONS = ['bubblewrap', 'process'] as const;
export type LocalIsolation = (typeof LOCAL_ISOLATIONS)[number];

/** What was chosen for this server. */
export interface IsolationLevel {
  readonly level: LocalIsolation;
  /** Why there is nothing better, when it was looked for. */
  readonly whyNotBetter?: string;
}

/**
 * Finds the isolation of this server: the one that was named, or the best that a probe run proves. A lower one than an
 * earlier start of this data directory had is never taken silently. Throws an Error fit to be shown.
 */
export async function chooseIsolation(args: {
  readonly wanted: 'auto' | LocalIsolation;
  readonly dataDir: string;
  /** Answers why an isolation does not work here; nothing when it does. */
  readonly probe: (isolation: LocalIsolation) => Promise<string | undefined>;
}): Promise<IsolationLevel> {
  const { wanted, dataDir, probe } = args;
  const earlier = await readEarlier(dataDir);
  const found = await findLevel(wanted, probe);
  if (wanted === 'auto' && earlier && isLower(found.level, earlier)) {
    throw new Error(
      `Runs of ${dataDir} were kept apart by ${earlier}, which does not work here now (${found.whyNotBetter}). ` +
        `Repair it, or accept less by name: RUNVOY_LOCAL_ISOLATION=${found.level}.`,
    );
  }
  if (!earlier || isLower(earlier, found.level)) await remember(dataDir, found.level);
  return found;
}

async function findLevel(
  wanted: 'auto' | LocalIsolation,
  probe: (isolation: LocalIsolation) => Promise<string | undefined>,
): Promise<IsolationLevel> {
  if (wanted === 'process') return { level: 'process' };
  const why = await probe('bubblewrap');
  if (why === undefined) return { level: 'bubblewrap' };
  if (wanted === 'auto') return { level: 'process', whyNotBetter: why };
  throw new Error(`RUNVOY_LOCAL_ISOLATION=bubblewrap does not work here: ${why}. Install bubblewrap 0.8 or newer.`);
}

const isLower = (one: LocalIsolation, other: LocalIsolation) =>
  LOCAL_ISOLATIONS.indexOf(one) > LOCAL_ISOLATIONS.indexOf(other);

const pathOf = (dataDir: string) => join(dataDir, 'isolation.json');

async function readEarlier(dataDir: string): Promise<LocalIsolation | undefined> {
  let text: string;
  try {
    text = await readFile(pathOf(dataDir), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const level = (JSON.parse(text) as { level: LocalIsolation }).level;
  if (!LOCAL_ISOLATIONS.includes(level))
    throw new Error(`${pathOf(dataDir)} names an isolation unknown to this version.`);
  return level;
}

async function remember(dataDir: string, level: LocalIsolation): Promise<void> {
  const aside = `${pathOf(dataDir)}.${process.pid}.new`;
  await writeFile(aside, `${JSON.stringify({ level })}\n`, { mode: 0o600 });
  await rename(aside, pathOf(dataDir));
}

/** Lets the runner try it: what starts the commands is what has to prove itself. Answers why it does not work. */
export async function probeWithRunner(args: {
  readonly runnerMain: string;
  readonly dataDir: string;
  readonly isolation: LocalIsolation;
  readonly path: string;
}): Promise<string | undefined> {
  const directory = join(args.dataDir, 'supervisors');
  await mkdir(directory, { recursive: true, mode: 0o700 });
  try {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [args.runnerMain, 'probe', args.isolation, args.dataDir],
      {
        cwd: directory,
        env: { PATH: args.path, NODE_COMPILE_CACHE: join(args.dataDir, 'compile-cache') },
        timeout: PROBE_MS,
        killSignal: 'SIGKILL',
      },
    );
    return (JSON.parse(stdout) as { why?: string }).why;
  } catch (error) {
    return `the probe failed: ${(error as Error).message.split('\n')[0]}`;
  }
}

const PROBE_MS = 15_000;
