import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';

const SOURCE = new URL('../src/inherited-descriptors.ts', import.meta.url).href;

/** V8 opens this log for itself, and leaves it to be inherited. Says where its number leads then, and which a new file gets. */
const PROGRAM = `
  import { openSync, readdirSync, readlinkSync } from 'node:fs';
  import { closeInheritedDescriptors } from ${JSON.stringify(SOURCE)};
  const leadsTo = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } };
  const log = readdirSync('/proc/self/fd').find((fd) => leadsTo(fd).endsWith('.map'));
  closeInheritedDescriptors({});
  console.log(JSON.stringify({ wasThere: log !== undefined, now: leadsTo(log), isNew: openSync('/proc/self/status') !== Number(log) }));
`;

const isLinux = process.platform === 'linux';

(isLinux ? test : test.skip)(
  `a file gets no number under which something in this process still writes${isLinux ? '' : ' — skipped: no /proc here'}`,
  async () => {
    const directory = await mkdtemp(join(tmpdir(), 'runvoy-descriptors-'));
    const flags = [
      '--perf-basic-prof',
      `--perf-basic-prof-path=${directory}`,
      '--input-type=module',
      '--eval',
      PROGRAM,
    ];
    const { stdout } = await promisify(execFile)(process.execPath, flags);
    await rm(directory, { recursive: true });
    expect(JSON.parse(stdout)).toEqual({ wasThere: true, now: '/dev/null', isNew: true });
  },
);
