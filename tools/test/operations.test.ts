import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readInfraLine } from '../infra/infra-line.ts';
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

/** Whole commands: a line that ends with a backslash goes on. */
const commandsOf = (page: string) =>
  shellOf(page)
    .replaceAll('\\\n', ' ')
    .split('\n')
    .map((line) => line.trim());

test('every runvoy infra of the runbook is one that is read, with options that there are', () => {
  const lines = pages.flatMap(commandsOf).filter((line) => /^(?:\.\/)?runvoy infra /.test(line));
  expect(lines.length).toBeGreaterThan(8);
  for (const line of lines) {
    const [, , ...words] = line.replaceAll('"', '').replaceAll(/\$\w+/g, 'chosen').split(' ');
    expect(() => readInfraLine(words)).not.toThrow();
  }
  expect(() => readInfraLine(['aply', '--project', 'p'])).toThrow('There is no "infra aply"');
});

const hasTerraform = spawnSync('terraform', ['version']).status === 0 || process.env['RUNVOY_REQUIRE_ALL'] === '1';
const byTerraform = hasTerraform ? test : test.skip;
const without = hasTerraform ? '' : ' — skipped: no terraform on this machine';

byTerraform(`every terraform of the runbook is a command with options that there are${without}`, () => {
  const lines = pages
    .flatMap(commandsOf)
    .flatMap((line) => /^(?:.*\$\()?terraform ([a-z][^)|]*)/.exec(line)?.[1] ?? []);
  expect(lines.length).toBeGreaterThan(6);
  const help = new Map<string, string>();
  const problems = [...lines, 'aply', 'plan -outt x'].flatMap((line) => {
    const words = line.split(' ');
    const command = words.slice(0, words[0] === 'state' ? 2 : 1).join(' ');
    if (!help.has(command)) {
      const { status, stdout } = spawnSync('terraform', [...command.split(' '), '-help'], { encoding: 'utf8' });
      help.set(
        command,
        status === 0 && !stdout.startsWith('Usage: terraform [global options] <subcommand>') ? stdout : '',
      );
    }
    if (help.get(command) === '') return [`terraform has no ${command}`];
    const options = words.flatMap((word) => /^-[a-z][a-z-]*/.exec(word)?.[0] ?? []);
    // The options of apply are told where those of plan are.
    const known = help.get(command)! + (command === 'apply' ? helpOfPlan() : '');
    return options.flatMap((option) =>
      new RegExp(`${option}[= \\n]`).test(known) ? [] : [`terraform ${command} has no ${option}`],
    );
  });
  expect(problems).toEqual(['terraform has no aply', 'terraform plan has no -outt']);
});

const helpOfPlan = () => spawnSync('terraform', ['plan', '-help'], { encoding: 'utf8' }).stdout;
