import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { whyNoEmulators } from '@runvoy/google-fakes';
import type { ReadyLine } from '@runvoy/protocol';
import { newDirectory, poll } from '../services/standalone/test/server.ts';

const START = fileURLToPath(new URL('../tools/start-emulated.ts', import.meta.url));
const why = process.env['RUNVOY_REQUIRE_ALL'] === '1' ? undefined : whyNoEmulators();
const title = `start:emulated prints the ready line when all is up, and leaves nothing running${why === undefined ? '' : ` — skipped: ${why}`}`;

/** Living processes that carry this mark in their environment. */
function marked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const isZombie = /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
        return !isZombie && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    });
}

(why === undefined ? test : test.skip)(
  title,
  async () => {
    const dataDir = newDirectory();
    const started = spawn(process.execPath, [START, '--json', '--data-dir', dataDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, HOME: dataDir },
    });
    try {
      const [line] = (await once(createInterface({ input: started.stdout }), 'line')) as [string];
      const ready = JSON.parse(line) as ReadyLine;
      expect(ready).toMatchObject({ data_dir: dataDir, pid: started.pid, admin_email: expect.stringContaining('@') });
      const headers = { 'X-API-Key': ready.api_key! };
      expect((await fetch(`${ready.api_url}/api/v1/images`, { headers })).status).toBe(200);
      // The services are told apart from other stacks on this machine by the home they were given.
      expect(marked(`HOME=${dataDir}`).length).toBeGreaterThan(4);
      started.kill('SIGTERM');
      expect(await once(started, 'exit')).toEqual([0, null]);
      await poll(() => (marked(`HOME=${dataDir}`).length === 0 ? true : undefined));
    } finally {
      started.kill('SIGKILL');
    }
  },
  120_000,
);
