import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { findLocalPlaybook, listLocalPlaybooks } from '../src/local-playbooks.ts';
import { playbookOf } from '../src/playbook-file.ts';

const read = (text: string) => playbookOf('deploy.yml', text);

describe('a playbook file', () => {
  test('of runvoy is read field by field, and what runvoy does not know is ignored', async () => {
    const text = `
description: deploys
commands:
  - make build
  - make deploy
image: alpine:3
git_repo: https://example.com/a.git
git_ref: main
git_path: sub
secrets: [github]
env:
  REGION: eu
author: somebody
`;
    expect(await read(text)).toEqual({
      description: 'deploys',
      commands: ['make build', 'make deploy'],
      image: 'alpine:3',
      git_repo: 'https://example.com/a.git',
      git_ref: 'main',
      git_path: 'sub',
      secrets: ['github'],
      env: { REGION: 'eu' },
    });
  });

  test('keeps text as it is written, whatever else YAML takes it for', async () => {
    const text = 'commands: [true, 0x10]\ngit_ref: 1.10\nenv: {PORT: 8080, ON: yes, OCTAL: 010, NONE: ~, EMPTY: }';
    expect(await read(text)).toEqual({
      commands: ['true', '0x10'],
      git_ref: '1.10',
      env: { PORT: '8080', ON: 'yes', OCTAL: '010', NONE: '~', EMPTY: '' },
    });
  });

  test('has the fields that only the server knows, with their types', async () => {
    const text = `
commands: [echo]
timeout: 60
labels: {env: prod}
parameters:
  - {name: size, type: integer, default: 2}
  - {name: dry, type: boolean, required: true}
`;
    expect(await read(text)).toEqual({
      commands: ['echo'],
      timeout: 60,
      labels: { env: 'prod' },
      parameters: [
        { name: 'size', type: 'integer', default: 2 },
        { name: 'dry', type: 'boolean', required: true },
      ],
    });
  });

  test.each([
    ['', 'deploy.yml: the file must hold'],
    ['[a]', 'deploy.yml: the file must hold'],
    ['description: x', 'commands must list at least one command'],
    ['commands: []', 'commands must list at least one command'],
    ['commands: hunter2', 'commands must be a list'],
    ['commands: [[hunter2]]', 'commands[0] must be text'],
    ['commands: [a]\nenv: [hunter2]', 'env must hold "name: value" lines'],
    ['commands: [a]\nenv: {A: {B: hunter2}}', 'env.A must be text'],
    ['commands: [a]\ntimeout: hunter2', 'timeout must be a number of seconds'],
    ['commands: [a]\nparameters: {hunter2: b}', 'parameters must be a list'],
    ['commands: [a]\nenv: {TOKEN: "hunter2', 'deploy.yml: '],
  ])('that is %j is refused with what is wrong, and without what it holds', async (text, words) => {
    const refused = read(text);
    await expect(refused).rejects.toThrow(words);
    await expect(refused).rejects.toThrow(/^(?!.*hunter2)/s);
  });
});

describe('playbooks of this machine', () => {
  let place = '';
  let home = '';
  beforeEach(async () => {
    place = await mkdtemp(join(tmpdir(), 'runvoy-playbooks-'));
    home = join(place, 'home');
    await mkdir(join(home, '.runvoy'), { recursive: true });
    await writeFile(join(home, '.runvoy', 'config.yaml'), 'api_key: k');
    await writeFile(join(home, '.runvoy', 'nightly.yaml'), 'commands: [a]');
  });
  afterEach(() => rm(place, { recursive: true }));

  test('lie in the home of who has none beside them; the file of servers is none', async () => {
    const found = await listLocalPlaybooks({ HOME: home }, place);
    expect(found.map(({ name }) => name)).toEqual(['nightly']);
    expect(await findLocalPlaybook('config', { HOME: home }, place)).toBeUndefined();
    expect(await findLocalPlaybook('../nightly', { HOME: home }, place)).toBeUndefined();
  });

  test('lie here where there is a folder for them, which hides those of the home', async () => {
    await mkdir(join(place, '.runvoy'));
    await writeFile(join(place, '.runvoy', 'deploy.yml'), 'commands: [b]\ndescription: mine');
    await writeFile(join(place, '.runvoy', 'broken.yml'), 'commands: 1');
    await writeFile(join(place, '.runvoy', 'notes.txt'), 'x');
    const found = await listLocalPlaybooks({ HOME: home }, place);
    expect(found.map(({ name, definition, problem }) => [name, definition?.description, problem])).toEqual([
      ['broken', undefined, expect.stringContaining('broken.yml: commands must be a list')],
      ['deploy', 'mine', undefined],
    ]);
    expect(await findLocalPlaybook('nightly', { HOME: home }, place)).toBeUndefined();
    await expect(findLocalPlaybook('broken', { HOME: home }, place)).rejects.toThrow('broken.yml');
    expect((await findLocalPlaybook('deploy', { HOME: home }, place))?.definition?.commands).toEqual(['b']);
  });

  test('are none where there is no folder at all', async () => {
    expect(await listLocalPlaybooks({}, place)).toEqual([]);
    expect(await findLocalPlaybook('deploy', {}, place)).toBeUndefined();
  });
});
