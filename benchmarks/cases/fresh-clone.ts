import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Benchmark } from '../measurement.ts';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));

/**
 * From `npm start` in a fresh clone to the first line of the first command: installation, console build, start and run included.
 * The floor is `npm ci` alone in another fresh clone. The package cache is as warm as this machine's is.
 */
export const freshClone: Benchmark = {
  name: 'fresh-clone',
  async run() {
    const folder = mkdtempSync(join(tmpdir(), 'runvoy-bench-'));
    try {
      // The first one fills the machine's caches, for whoever comes next.
      installAlone(clone(folder, 'warm-up'));
      const floor = installAlone(clone(folder, 'floor'));
      const value = await startToFirstLine(clone(folder, 'start'), join(folder, 'data'));
      return [{ what: 'fresh clone to first line', value, unit: 's', floor: { what: 'npm ci alone', value: floor } }];
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  },
};

function clone(folder: string, name: string): string {
  const target = join(folder, name);
  execFileSync('git', ['clone', '--quiet', '--depth', '1', `file://${REPOSITORY}`, target]);
  return target;
}

function installAlone(checkout: string): number {
  const before = performance.now();
  execFileSync('npm', ['ci', '--ignore-scripts'], { cwd: checkout, stdio: 'ignore' });
  return (performance.now() - before) / 1000;
}

async function startToFirstLine(checkout: string, dataDir: string): Promise<number> {
  const before = performance.now();
  const started = spawn('npm', ['start', '--', '--data-dir', dataDir, '--port', '0'], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  let output = '';
  for await (const chunk of started.stdout) {
    output += String(chunk);
    if (output.includes('Hello from runvoy')) break;
  }
  const took = (performance.now() - before) / 1000;
  if (started.pid !== undefined) process.kill(-started.pid, 'SIGTERM');
  if (started.exitCode === null) await once(started, 'exit');
  return took;
}
