import { execFile, execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ContainerEngine } from '../src/isolation/container-engine.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const BUSYBOX = '/usr/bin/busybox';

/** The engine of this machine, or why tests of containers cannot run here. */
export type EngineHere = { readonly engine: ContainerEngine } | { readonly why: string };

/** Asks the probe. Where nothing may be missing, the tests run and fail. */
export async function engineHere(): Promise<EngineHere> {
  const command = (process.env['RUNVOY_LOCAL_CONTAINER_ENGINE'] ?? 'podman').split(' ') as [string];
  const cwd = mkdtempSync(join(tmpdir(), 'runvoy-probe-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'probe', 'container', cwd, ...command], {
      cwd,
    });
    const { why, enforces = [] } = JSON.parse(stdout) as { why?: string; enforces?: ContainerEngine['enforces'] };
    if (why === undefined || process.env['RUNVOY_REQUIRE_ALL'] === '1') {
      return { engine: { command, env: process.env as Record<string, string>, enforces } };
    }
    return { why };
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}

/** Images made of a static busybox, so that no test needs a registry. Answers with the function that removes them. */
export function makeImages(engine: ContainerEngine): {
  readonly busybox: string;
  readonly empty: string;
  remove(): void;
} {
  const [program, ...options] = engine.command;
  const root = mkdtempSync(join(tmpdir(), 'runvoy-image-'));
  const names = {
    busybox: `localhost/runvoy-test-busybox:${process.pid}`,
    empty: `localhost/runvoy-test-empty:${process.pid}`,
  };
  if (!existsSync(BUSYBOX)) throw new Error(`there is no ${BUSYBOX}: install busybox-static`);
  mkdirSync(join(root, 'full', 'bin'), { recursive: true });
  copyFileSync(BUSYBOX, join(root, 'full', 'bin', 'busybox'));
  for (const tool of execFileSync(BUSYBOX, ['--list'], { encoding: 'utf8' }).split('\n')) {
    if (tool !== '' && tool !== 'busybox') symlinkSync('busybox', join(root, 'full', 'bin', tool));
  }
  mkdirSync(join(root, 'full', 'etc'));
  writeFileSync(join(root, 'full', 'etc', 'of-the-image'), 'of the image\n');
  mkdirSync(join(root, 'empty'));
  writeFileSync(join(root, 'empty', 'file'), '');
  for (const [directory, name, changes] of [
    ['full', names.busybox, ['--change', 'ENV OF_THE_IMAGE=set', '--change', 'ENV REPLACED=by-the-image']],
    ['empty', names.empty, []],
  ] as const) {
    const tar = execFileSync('tar', ['-C', join(root, directory), '-cf', '-', '.'], { maxBuffer: 1 << 28 });
    execFileSync(program, [...options, 'import', ...changes, '-', name], {
      input: tar,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
  }
  rmSync(root, { recursive: true, force: true });
  return {
    ...names,
    remove: () =>
      void execFileSync(program, [...options, 'rmi', '--force', names.busybox, names.empty], { stdio: 'ignore' }),
  };
}
