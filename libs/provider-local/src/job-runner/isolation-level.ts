import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerEngine } from './container-engine.ts';

/** How runs can be kept apart on one machine, the best first. */
export const LOCAL_ISOLATIONS = ['container', 'bubblewrap', 'process'] as const;
export type LocalIsolation = (typeof LOCAL_ISOLATIONS)[number];

/** What was chosen for this server. */
export interface IsolationLevel {
  readonly level: LocalIsolation;
  /** What works besides, for a run that names it; `process` always does. */
  readonly others: readonly LocalIsolation[];
  /** There is one when containers work here. */
  readonly engine?: ContainerEngine;
  /** Why there is nothing better, when it was looked for. */
  readonly whyNotBetter?: string;
}

/** What a probe found: why an isolation does not work here, or what it comes with. */
export type ProbeFinding =
  { readonly works: true; readonly engine?: ContainerEngine } | { readonly works: false; readonly why: string };

export type Probe = (isolation: Exclude<LocalIsolation, 'process'>) => Promise<ProbeFinding>;

const INSTALL = {
  container: 'Install podman or docker, and see that its service runs',
  bubblewrap: 'Install bubblewrap 0.8 or newer',
} as const;

/**
 * Finds the isolation of this server: the one that was named, or the best that a probe run proves. A lower one than an
 * earlier start of this data directory had is never taken silently. Throws an Error fit to be shown.
 */
export async function chooseIsolation(args: {
  readonly wanted: 'auto' | LocalIsolation;
  readonly dataDir: string;
  readonly probe: Probe;
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

async function findLevel(wanted: 'auto' | LocalIsolation, probe: Probe): Promise<IsolationLevel> {
  if (wanted === 'process') return { level: 'process', others: [] };
  // Both at once: a run may name the other one.
  const [container, bubblewrap] = await Promise.all([
    wanted === 'bubblewrap' ? NOT_ASKED : probe('container'),
    probe('bubblewrap'),
  ]);
  const works = { container: container.works, bubblewrap: bubblewrap.works };
  const engine = container.works && container.engine ? { engine: container.engine } : {};
  if (wanted !== 'auto') {
    const asked = wanted === 'container' ? container : bubblewrap;
    if (!asked.works) {
      throw new Error(`RUNVOY_LOCAL_ISOLATION=${wanted} does not work here: ${asked.why}. ${INSTALL[wanted]}.`);
    }
  }
  const whys = [container, bubblewrap].flatMap((each, index) =>
    each.works ? [] : [`${LOCAL_ISOLATIONS[index]}: ${each.why}`],
  );
  if (works.container) return { level: 'container', others: works.bubblewrap ? ['bubblewrap'] : [], ...engine };
  const whyNotBetter = wanted === 'auto' ? { whyNotBetter: whys.join('; ') } : {};
  return { level: works.bubblewrap ? 'bubblewrap' : 'process', others: [], ...whyNotBetter };
}

const NOT_ASKED: ProbeFinding = { works: false, why: 'not looked for' };

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
