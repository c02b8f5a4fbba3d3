/**
 * `npm run test:chaos`: what becomes of logs when everything around them fails.
 *
 * `--histories N --seed S` lives through N histories of the simulation, with readers of every form, from seed S on; whatever else
 * `npm run test:sim` takes goes with it. `--processes local|gcp` runs every case of the table in docs/log-faults.md with real processes.
 * `--flood MIB` has a command write that much to a server that is away, slow and busy, under each policy of back-pressure.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const args = process.argv.slice(2);
const at = args.indexOf('--processes');
const provider = at < 0 ? undefined : args[at + 1];
const flood = args.includes('--flood') ? args[args.indexOf('--flood') + 1] : undefined;
/** What runs the cases of each provider. */
const STAGES = new Map([
  ['local', ['e2e', 'test/(log-faults|reconnecting)']],
  ['gcp', ['gcp', 'test/crash-matrix', '-t', 'every reader']],
]);

if (at >= 0 && !STAGES.has(provider ?? '')) {
  console.error(`--processes takes one of ${[...STAGES.keys()].join(', ')}; got "${provider ?? ''}".`);
  process.exitCode = 2;
} else if (flood !== undefined) {
  run(['tools/check.ts', 'e2e', 'jobs/sandbox-runner/test/flood'], { RUNVOY_FLOOD_MIB: flood });
} else if (provider === undefined) {
  run(['libs/core/simulation/main.ts', ...args]);
} else {
  run(['tools/check.ts', ...STAGES.get(provider)!], { RUNVOY_EVERY_LOG_FAULT: '1' });
}

function run([script, ...rest]: string[], env: Record<string, string> = {}): void {
  const { status } = spawnSync(process.execPath, [join(root, script!), ...rest], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  process.exitCode = status ?? 1;
}
