import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readJobFile } from '../src/job-file.ts';
import { Options } from '../src/options.ts';
import { readRunRequest } from '../src/run-request.ts';

/** The job of a file with this content. */
async function jobOf(content: string) {
  const folder = await mkdtemp(join(tmpdir(), 'runvoy-job-'));
  try {
    await writeFile(join(folder, 'job.yml'), content);
    return await readJobFile(join(folder, 'job.yml'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

const YAML = `
command: |
  make test
  make pack
image: alpine:3.22
timeout: 1h
grace: 5
secrets: [github]
env:
  PORT: 8080
  VERBOSE: true
labels:
  team: data
  year: 2026
`;

test('a job in YAML is the body of a run', async () => {
  expect(readRunRequest({ options: new Options({}), words: [], env: {} }, await jobOf(YAML))).toEqual({
    command: 'make test\nmake pack\n',
    image: 'alpine:3.22',
    timeout: 3_600,
    grace: 5,
    secrets: ['github'],
    env: { PORT: '8080', VERBOSE: 'true' },
    labels: { team: 'data', year: '2026' },
  });
});

test('options go before what the job says, variables and secrets are added to it', async () => {
  const options = new Options({ image: 'debian:13', env: ['PORT=9090', 'A=b'], secret: ['npm,github'] });
  expect(readRunRequest({ options, words: [], env: {} }, await jobOf(YAML))).toMatchObject({
    image: 'debian:13',
    env: { PORT: '9090', VERBOSE: 'true', A: 'b' },
    secrets: ['github', 'npm'],
  });
});

test('a job in JSON that names no command takes the one of the command line', async () => {
  const job = await jobOf('{"image":"alpine:3.22"}');
  expect(readRunRequest({ options: new Options({}), words: ['ls', '-la'], env: {} }, job)).toEqual({
    command: 'ls -la',
    image: 'alpine:3.22',
  });
});

test('two commands are one too many', async () => {
  const job = await jobOf('command: true-one');
  expect(() => readRunRequest({ options: new Options({}), words: ['ls'], env: {} }, job)).toThrow('two commands');
});

test.each([
  ['comand: ls', 'a job has no "comand"'],
  ['- ls', 'a job holds "field: value" lines'],
  ['command: [ls]', 'command must be text'],
  ['command: ls\nsecrets: github', 'secrets must be a list of names'],
  ['command: ls\nenv: [A]', 'env must be "NAME: value" lines'],
  ['command: ls\nenv: {A: {b: c}}', 'env must be "NAME: value" lines'],
  ['command: ls\ntimeout: soon', 'timeout takes a time'],
  ['command: "ls', 'job.yml: '],
])('the job %j is refused: %s', async (content, text) => {
  await expect(jobOf(content)).rejects.toThrow(text);
});

test('a job that is not there is named', async () => {
  await expect(readJobFile('/nonexistent/job.yml')).rejects.toThrow('/nonexistent/job.yml: cannot be read');
});
