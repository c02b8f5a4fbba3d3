import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { writeLongLog } from '../long-log-file.ts';
import { percentile, type Benchmark } from '../measurement.ts';
import { superviseRun, type SupervisedRun } from '../supervised-run.ts';
import { temporaryDirectory } from '../temporary-directory.ts';

const LINES = 400_000;
const ROUNDS = 5;
/** As many as a run of some size has: tokens of 32 characters, and a key of several lines. */
const TOKENS = 10;
/** As short as what is masked may be: the shortest form says how far a search can jump. */
const SHORTEST = 'hunt';

/** The CPU time of a runner whose command prints a long log, without secrets and with some, in turns. */
export const mask: Benchmark = {
  name: 'mask',
  async run() {
    using directory = temporaryDirectory();
    const file = join(directory.path, 'log.txt');
    await writeLongLog(file, LINES);
    const command = `cat ${file}`;
    const runs: Record<'bare' | 'tokens' | 'key' | 'short', SupervisedRun[]> = {
      bare: [],
      tokens: [],
      key: [],
      short: [],
    };
    for (let round = 0; round < ROUNDS; round += 1) {
      runs.bare.push(await superviseRun(command));
      runs.tokens.push(await superviseRun(command, tokens()));
      const key = { ...tokens(), PRIVATE_KEY: privateKey() };
      runs.key.push(await superviseRun(command, key));
      runs.short.push(await superviseRun(command, { ...key, PASSWORD: SHORTEST }));
    }
    const value = (of: readonly SupervisedRun[]) =>
      LINES /
      1_000 /
      percentile(
        of.map(({ cpuS }) => cpuS),
        0.5,
      );
    const floor = { what: 'without secrets', value: value(runs.bare) };
    const unit = 'k lines/CPU-s';
    return [
      { what: `runner, ${TOKENS} secrets`, unit, value: value(runs.tokens), floor },
      { what: `runner, ${TOKENS} secrets and a private key`, unit, value: value(runs.key), floor },
      {
        what: `runner, ${TOKENS} secrets, a private key and one of 4 characters`,
        unit,
        value: value(runs.short),
        floor,
      },
    ];
  },
};

function tokens(): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: TOKENS }, (_, i) => [`TOKEN_${i}`, random(i).toString('base64').slice(0, 32)]),
  );
}

function privateKey(): string {
  const body = Buffer.concat(Array.from({ length: 19 }, (_, i) => random(100 + i))).toString('base64');
  return `-----BEGIN PRIVATE KEY-----\n${body.replace(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`;
}

/** 64 bytes that look random and are the same in every run. */
const random = (seed: number) => createHash('sha512').update(`secret ${seed}`).digest();
