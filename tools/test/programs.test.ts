import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const INFRA = fileURLToPath(new URL('../infra.ts', import.meta.url));

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'runvoy-programs-'));
  const script = (name: string, text: string) => {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  };
  // Nothing is deployed; one command takes until it is interrupted, and then ends what it has begun.
  script(
    'gcloud',
    `case "$*" in
      "config get account"*) echo you@example.com;;
      "storage cat"*) echo 'matched no objects' >&2; exit 1;;
      "run services list"*) trap 'touch ${folder}/ended; exit 1' INT; touch ${folder}/begun; while :; do sleep 0.05; done;;
      *) touch ${folder}/after;;
    esac`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

test('an interruption reaches the program that runs, which ends what it has begun, and then nothing more is done', async () => {
  const child = spawn(process.execPath, [INFRA, 'status', '--project', 'my-project', '--region', 'europe-west1'], {
    env: { PATH: `${folder}${delimiter}${process.env['PATH']}`, HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const closed = once(child, 'close');
  await begun();
  child.kill('SIGTERM');
  const [code] = (await closed) as [number | null];
  expect([existsSync(join(folder, 'ended')), existsSync(join(folder, 'after')), code]).toEqual([true, false, 1]);
  expect(said).toBe('runvoy: It was interrupted. What was made stays as it is; the same command goes on from here.\n');
});

/** Resolves when the command that takes so long has begun. */
async function begun(): Promise<void> {
  for (let tries = 0; tries < 600 && !existsSync(join(folder, 'begun')); tries += 1) await pause(50);
}
