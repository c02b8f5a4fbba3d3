import { planHistory, type HistoryPlan, type RunPlan } from './plan.ts';
import { World, type HistoryOptions } from './world.ts';

/** A short history without chance, in which one port call after the other is made to fail. */
export interface CanonicalRun {
  readonly name: string;
  readonly options: HistoryOptions;
}

/** The lives that matter most: on one machine and in a cloud, ending by themselves, stopped early, stopped late, followed. */
export function canonicalRuns(): readonly CanonicalRun[] {
  return [
    canonicalRun('a local run ends by itself', 'local', [], () => true),
    canonicalRun('a cloud run ends by itself', 'cloud', [], () => true),
    canonicalRun(
      'a cloud run without variables ends by itself',
      'cloud',
      ['run 1 variables'],
      ({ env }) => Object.keys(env).length === 0,
    ),
    canonicalRun('a local run is stopped', 'local', ['run 1 stops'], ({ stops }) => stops.length === 1),
    canonicalRun(
      'a cloud run is stopped before its runner asks',
      'cloud',
      ['run 1 stops', 'run 1 stop 0'],
      ({ stops }) => (stops[0]?.afterMs ?? Infinity) < 3_000,
    ),
    ...(['local', 'cloud'] as const).map((flavour) =>
      canonicalRun(
        `a ${flavour} run waits for the slot of another`,
        flavour,
        ['limits', 'runs', 'run 2 user'],
        (_, { runs, limits }) => runs.length === 2 && limits.deployment === 1 && runs[1]?.user === 'bob',
      ),
    ),
    canonicalRun(
      'a local run that fails is followed',
      'local',
      ['run 1 readers', 'run 1 code', 'run 1 writes'],
      ({ readers, command }) => readers.length === 1 && command.exitCode === 3 && command.writes.length > 2,
    ),
  ];
}

/** The first seed that plans the run so, with nothing strange in it but the named choices. */
function canonicalRun(
  name: string,
  flavour: 'local' | 'cloud',
  strange: readonly string[],
  isMeant: (plan: RunPlan, history: HistoryPlan) => boolean,
): CanonicalRun {
  for (let seed = 1; ; seed += 1) {
    const options = { seed, flavour, swarm: {}, kept: new Set(strange) };
    const history = planHistory(new World(options));
    const [plan] = history.runs;
    if (plan && isMeant(plan, history)) return { name, options };
  }
}
