import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { chooseIsolation, type LocalIsolation } from '../../src/job-runner/isolation-level.ts';
import { privateDirectory } from '../private-directory.ts';

const works = () => Promise.resolve(undefined);
const fails = () => Promise.resolve('no bwrap');
const never = () => Promise.reject(new Error('asked without need'));

function choose(
  { path }: { path: string },
  wanted: 'auto' | LocalIsolation,
  probe: () => Promise<string | undefined>,
): ReturnType<typeof chooseIsolation> {
  return chooseIsolation({ wanted, dataDir: path, probe });
}

test('what the probe proves is taken, and a named level is taken without a look for a better one', async () => {
  await using directory = await privateDirectory();
  expect(await choose(directory, 'auto', works)).toEqual({ level: 'bubblewrap' });
  expect(await choose(directory, 'process', never)).toEqual({ level: 'process' });
});

test('what nothing better was found for says why', async () => {
  await using directory = await privateDirectory();
  expect(await choose(directory, 'auto', fails)).toEqual({ level: 'process', whyNotBetter: 'no bwrap' });
});

test('a level that was named and does not work is an error, never a lower level', async () => {
  await using directory = await privateDirectory();
  await expect(choose(directory, 'bubblewrap', fails)).rejects.toThrow(/does not work here: no bwrap/);
});

test('less than the best so far is taken only by name, and each time', async () => {
  await using directory = await privateDirectory();
  await choose(directory, 'process', never);
  await choose(directory, 'auto', works);
  await expect(choose(directory, 'auto', fails)).rejects.toThrow(
    /by bubblewrap.*\(no bwrap\).*RUNVOY_LOCAL_ISOLATION=process/,
  );
  expect(await choose(directory, 'process', never)).toEqual({ level: 'process' });
  await expect(choose(directory, 'auto', fails)).rejects.toThrow(/by bubblewrap/);
});

test('a level that this version does not know is not taken for none', async () => {
  await using directory = await privateDirectory();
  writeFileSync(join(directory.path, 'isolation.json'), '{"level":"moat"}');
  await expect(choose(directory, 'auto', works)).rejects.toThrow(/unknown to this version/);
});
