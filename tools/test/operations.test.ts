import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { checkedCommands, withSdk, withoutSdk } from './gcloud-commands.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const shellOf = (page: string) =>
  [...read(page).matchAll(/```sh[^\n]*\n([^]*?)```/g)].map(([, code]) => code).join('\n');

const pages = globSync('docs/operations/**/*.md', { cwd: root });
const bySdk = withSdk ? test : test.skip;

bySdk(`every gcloud of the runbook and of the builds is a command with flags that there are${withoutSdk}`, () => {
  const scripts = (parse(read('cloudbuild.yaml')) as { steps: { id: string; args: string[] }[] }).steps.map(
    ({ id, args }) => [`cloudbuild.yaml, ${id}`, args.at(-1)!] as const,
  );
  const texts = Object.fromEntries([...pages.map((page) => [page, shellOf(page)] as const), ...scripts]);
  const planted = {
    command: 'gcloud run services update-trafic x',
    flag: 'x | gcloud run deploy x --no-trafic',
    group: 'gcloud run services',
  };
  const { commands, problems } = checkedCommands({ ...texts, ...planted });
  expect(commands).toBeGreaterThan(30);
  expect(problems).toEqual([
    'command: gcloud run services has no command update-trafic',
    'flag: gcloud run deploy has no --no-trafic',
    'group: gcloud run services is no command by itself',
  ]);
});

test.each(pages)('%s has shell that a shell can read', (page) => {
  // `<id>` stands for what the reader knows.
  const { stderr, status } = spawnSync('bash', ['-n'], {
    input: shellOf(page).replaceAll(/<[a-z ]+>/g, 'x'),
    encoding: 'utf8',
  });
  expect([stderr, status]).toEqual(['', 0]);
});
