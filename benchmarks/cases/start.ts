import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CLI_MAIN, startServer } from '../../services/standalone/test/server.ts';
import { percentile, type Benchmark } from '../measurement.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const STARTS = 10;

/** From nothing to ready: the server, and the client's `list`, against a Node program that does nothing. */
export const start: Benchmark = {
  name: 'start',
  async run() {
    using directory = temporaryDirectory();
    const empty = join(directory.path, 'empty.mjs');
    writeFileSync(empty, '');
    await using server = await startServer();
    const access = { RUNVOY_API_ENDPOINT: server.ready.api_url, RUNVOY_API_KEY: server.key };
    // Once before: compile caches are warm for whoever uses them.
    cpuOf([CLI_MAIN, 'list'], access);
    const floor = { what: 'an empty Node program', value: cpuOf([empty], {}) };
    return [
      { what: 'runvoy list, CPU', value: cpuOf([CLI_MAIN, 'list'], access), unit: 'ms', floor },
      { what: 'runvoy version, CPU', value: cpuOf([CLI_MAIN, 'version'], {}), unit: 'ms', floor },
      {
        what: 'standalone to its ready line, p50',
        value: await timeToReady(),
        unit: 'ms',
        floor: { what: 'an empty Node program', value: timeOf([empty]) },
      },
    ];
  },
};

/** CPU of a program, ms: the shell's own account of its children, which knows hundredths, over several starts. */
function cpuOf(args: readonly string[], env: Record<string, string>): number {
  const call = [process.execPath, ...args].map((word) => `'${word}'`).join(' ');
  const script = `i=0; while [ $i -lt ${STARTS} ]; do i=$((i+1)); ${call} >/dev/null 2>&1; done; times`;
  const output = execFileSync('/bin/sh', ['-c', script], { encoding: 'utf8', env: { ...process.env, ...env } });
  const [user, system] = [...(output.trim().split('\n').at(-1) ?? '').matchAll(/(\d+)m([\d.]+)s/g)].map(
    ([, minutes, seconds]) => Number(minutes) * 60 + Number(seconds),
  );
  return (((user ?? NaN) + (system ?? NaN)) / STARTS) * 1_000;
}

async function timeToReady(): Promise<number> {
  const samples: number[] = [];
  for (let i = 0; i < STARTS; i += 1) {
    const before = performance.now();
    const server = await startServer();
    samples.push(performance.now() - before);
    await server[Symbol.asyncDispose]();
  }
  return percentile(samples, 0.5);
}

function timeOf(args: readonly string[]): number {
  const samples = Array.from({ length: STARTS }, () => {
    const before = performance.now();
    execFileSync(process.execPath, [...args]);
    return performance.now() - before;
  });
  return percentile(samples, 0.5);
}
