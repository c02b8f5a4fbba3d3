import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { newGate } from './gate.ts';
import { newDirectory, startServer } from './server.ts';

const CRASHING_MAIN = fileURLToPath(new URL('crashing-main.ts', import.meta.url));
const ONE_AT_A_TIME = { RUNVOY_MAX_RUNNING: '1' };

test.concurrent.each([
  // The run waits for its slot, and nobody lives to give it the free one.
  'before ended 1',
  'after ended 1',
  // It has its slot, and its start is not made, or not known to be made.
  'before spawned 2',
  'after spawned 2',
])(
  'a server that is killed %s starts the run that waits when it is back, once',
  async (at) => {
    const directory = newDirectory();
    const startsFile = join(directory, 'starts');
    const gate = newGate(directory);
    const options = { dataDir: join(directory, 'data') };
    await using armed = await startServer({
      ...options,
      main: CRASHING_MAIN,
      env: { ...ONE_AT_A_TIME, RUNVOY_CRASH_AT: at },
    });
    const died = once(armed.process, 'exit');
    // It does not end before the second is answered: the server would be dead by then.
    const first = await armed.run(`echo first >> ${startsFile}; cat ${gate.path}`);
    const second = await armed.run(`echo second >> ${startsFile}`);
    expect(second).toMatchObject({ waiting_for: 'slot' });
    gate.open();
    await died;

    await using server = await startServer({ ...options, key: armed.key, env: ONE_AT_A_TIME });
    for (const { execution_id } of [first, second]) {
      expect(await server.finished(execution_id)).toMatchObject({ status: 'SUCCEEDED', exit_code: 0 });
    }
    expect(readFileSync(startsFile, 'utf8')).toBe('first\nsecond\n');
  },
  55_000,
);
