import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import {
  chooseIsolation,
  type IsolationLevel,
  type LocalIsolation,
  type Probe,
} from '../../src/job-runner/isolation-level.ts';
import { privateDirectory } from '../private-directory.ts';

const engine = { command: ['podman'], env: {}, enforces: ['cpu'] } as const;
const works: Probe = async (isolation) => (isolation === 'container' ? { works: true, engine } : { works: true });
const fails: Probe = async (isolation) => ({ works: false, why: `no ${isolation}` });
const noContainers: Probe = async (isolation) => (isolation === 'container' ? fails(isolation) : works(isolation));
const noBubblewrap: Probe = async (isolation) => (isolation === 'bubblewrap' ? fails(isolation) : works(isolation));
const never: Probe = () => Promise.reject(new Error('asked without need'));

function choose(
  { path }: { path: string },
  wanted: 'auto' | LocalIsolation,
  probe: Probe,
): ReturnType<typeof chooseIsolation> {
  return chooseIsolation({ wanted, dataDir: path, probe });
}

test.each<[string, Probe, IsolationLevel]>([
  ['everything works, containers', works, { level: 'container', others: ['bubblewrap'], engine }],
  ['there is no bubblewrap, containers', noBubblewrap, { level: 'container', others: [], engine }],
  [
    'there are no containers, bubblewrap, and why',
    noContainers,
    { level: 'bubblewrap', others: [], whyNotBetter: 'container: no container' },
  ],
  [
    'nothing works, plain processes, and why',
    fails,
    { level: 'process', others: [], whyNotBetter: 'container: no container; bubblewrap: no bubblewrap' },
  ],
])('of what a probe proves the best is taken: when %s', async (_when, probe, level) => {
  await using directory = await privateDirectory();
  expect(await choose(directory, 'auto', probe)).toEqual(level);
});

test('a level that is named is taken without a look for a better one', async () => {
  await using directory = await privateDirectory();
  const noLookAtContainers: Probe = (isolation) => (isolation === 'container' ? never(isolation) : works(isolation));
  expect(await choose(directory, 'process', never)).toEqual({ level: 'process', others: [] });
  expect(await choose(directory, 'bubblewrap', noLookAtContainers)).toEqual({ level: 'bubblewrap', others: [] });
});

test.each([
  ['container', /RUNVOY_LOCAL_ISOLATION=container does not work here: no container\. Install podman or docker/],
  ['bubblewrap', /RUNVOY_LOCAL_ISOLATION=bubblewrap does not work here: no bubblewrap\. Install bubblewrap 0\.8/],
] as const)('%s, named where it does not work, is an error, never a lower level', async (level, text) => {
  await using directory = await privateDirectory();
  await expect(choose(directory, level, fails)).rejects.toThrow(text);
});

test('less than the best so far is taken only by name, and each time', async () => {
  await using directory = await privateDirectory();
  await choose(directory, 'process', never);
  await choose(directory, 'auto', noContainers);
  await expect(choose(directory, 'auto', fails)).rejects.toThrow(
    /by bubblewrap.*bubblewrap: no bubblewrap.*RUNVOY_LOCAL_ISOLATION=process/,
  );
  await choose(directory, 'auto', works);
  await expect(choose(directory, 'auto', noContainers)).rejects.toThrow(
    /by container.*\(container: no container\).*RUNVOY_LOCAL_ISOLATION=bubblewrap/,
  );
  expect(await choose(directory, 'process', never)).toMatchObject({ level: 'process' });
  await expect(choose(directory, 'auto', fails)).rejects.toThrow(/by container/);
});

test('a level that this version does not know is not taken for none', async () => {
  await using directory = await privateDirectory();
  writeFileSync(join(directory.path, 'isolation.json'), '{"level":"moat"}');
  await expect(choose(directory, 'auto', works)).rejects.toThrow(/unknown to this version/);
});
