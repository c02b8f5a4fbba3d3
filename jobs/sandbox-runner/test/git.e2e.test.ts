import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { BootstrapAnswer, GitSource } from '@runvoy/protocol';
import { bootstrapAnswer } from './fake-intake.ts';
import { openWorld, runToEnd } from './world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

let root: string;
let firstCommit: string;

/** Git as its user would run it, without that user's configuration. */
function git(cwd: string, ...args: string[]): string {
  const env = { PATH: process.env['PATH'], HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  const who = ['-c', 'user.name=A', '-c', 'user.email=a@example.com', '-c', 'protocol.file.allow=always'];
  return execFileSync('git', [...who, ...args], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

function commitAll(repository: string): string {
  git(repository, 'add', '-A');
  git(repository, 'commit', '-q', '-m', 'a commit');
  return git(repository, 'rev-parse', 'HEAD');
}

function makeRepository(name: string): string {
  const repository = join(root, name);
  mkdirSync(repository);
  git(repository, 'init', '-q', '-b', 'main');
  return repository;
}

beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'runvoy-git-')));
  const project = makeRepository('project');
  mkdirSync(join(project, 'sub'));
  writeFileSync(join(project, 'sub', 'file'), 'one');
  symlinkSync('/etc', join(project, 'etc'));
  firstCommit = commitAll(project);
  git(project, 'tag', 'v1');
  writeFileSync(join(project, 'sub', 'file'), 'two');
  commitAll(project);

  const hostile = makeRepository('hostile');
  symlinkSync(join(root, 'planted'), join(hostile, '.env'));
  git(hostile, 'submodule', '--quiet', 'add', `file://${project}`, 'module');
  commitAll(hostile);
});
afterAll(() => rmSync(root, { recursive: true }));

const answer = (command: string, source: GitSource, more: Partial<BootstrapAnswer> = {}) =>
  bootstrapAnswer(command, { git: source, git_roots: [root], ...more });

describe('a run with a repository', () => {
  test.each([
    ['the default branch', () => '', 'two'],
    ['a branch', () => 'main', 'two'],
    ['a tag', () => 'v1', 'one'],
    ['a full commit id', () => firstCommit, 'one'],
  ])('starts in the given directory of a clone of %s', async (_, ref, content) => {
    const source = { url: `file://${root}/project`, ref: ref(), path: 'sub' };
    await using world = await openWorld(
      answer('cat file; git status --porcelain; git rev-list --count HEAD; cat ../.env', source, { env: { A: 'b' } }),
    );
    await runToEnd(world);
    expect(world.intake.texts('stderr')).toEqual([]);
    expect(world.intake.texts('stdout').join('|')).toBe(`${content}?? .env|1|A=b`);
    expect(world.intake.finished[0]).toMatchObject({ exit_code: 0 });
    expect(world.intake.texts('system').join('\n')).toContain(`checked out file://${root}/project`);
  });

  test('that has a symlink named .env keeps it, and nothing is written through it; submodules stay empty', async () => {
    const source = { url: `file://${root}/hostile`, ref: '', path: '' };
    await using world = await openWorld(answer('readlink .env; ls module; cat ../.env', source, { env: { A: 'b' } }));
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual([join(root, 'planted'), 'A=b']);
    expect(existsSync(join(root, 'planted'))).toBe(false);
    expect(world.intake.finished[0]).toMatchObject({ exit_code: 0 });
  });

  test.each(['..', '../..', 'etc', 'missing', 'sub/file'])('does not start in %j', async (path) => {
    await using world = await openWorld(answer('echo never', { url: `file://${root}/project`, ref: '', path }));
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual([]);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', reason: 'workspace' });
    expect(world.intake.finished[0]).not.toHaveProperty('exit_code');
  });

  test.each([
    ['outside the allowed directories', () => ({ url: `file://${root}/project`, ref: '', path: '' }), []],
    ['with an address that is an option', () => ({ url: '--upload-pack=touch ran', ref: '', path: '' }), ['/']],
    [
      'with a ref that is an option',
      () => ({ url: `file://${root}/project`, ref: '--upload-pack=x', path: '' }),
      ['/'],
    ],
    ['with a password', () => ({ url: 'https://user:hunter2@example.com/a', ref: '', path: '' }), ['/']],
    ['through a helper program', () => ({ url: 'ext::touch ran', ref: '', path: '' }), ['/']],
  ])('%s is refused, and git is not asked', async (_, source, git_roots) => {
    await using world = await openWorld(answer('echo never', source(), { git_roots }));
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual([]);
    expect(world.intake.texts('system').join('\n')).toContain('the repository is refused');
    expect(world.intake.texts('system').join('\n')).not.toContain('hunter2');
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', reason: 'git_clone' });
  });

  test('that git cannot fetch ends with the exit code and the words of git', async () => {
    await using world = await openWorld(
      answer('echo never', { url: `file://${root}/project`, ref: 'nowhere', path: '' }),
    );
    await runToEnd(world);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', reason: 'git_clone', exit_code: 128 });
    expect(world.intake.texts('system').join('\n')).toContain('### runvoy git: fatal: Remote branch nowhere not found');
    expect(world.intake.texts('stdout')).toEqual([]);
  });

  test('gives git nothing of the environment of the run', async () => {
    const trap = join(root, 'trap.sh');
    writeFileSync(trap, `#!/bin/sh\ntouch ${root}/trapped\n`, { mode: 0o755 });
    const env = {
      GIT_SSH_COMMAND: trap,
      GIT_ASKPASS: trap,
      GIT_EXTERNAL_DIFF: trap,
      GIT_TEMPLATE_DIR: root,
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'core.fsmonitor',
      GIT_CONFIG_VALUE_0: trap,
      LD_PRELOAD: '/nonexistent.so',
      NODE_OPTIONS: `--require ${trap}`,
      PATH: '/nonexistent',
    };
    await using world = await openWorld(
      answer('echo ran', { url: `file://${root}/project`, ref: '', path: '' }, { env }),
    );
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual(['ran']);
    expect(() => readFileSync(join(root, 'trapped'))).toThrow('ENOENT');
  });

  test('leaves nothing of git outside the clone, and no credential in it', async () => {
    const source = { url: `file://${root}/project`, ref: '', path: '' };
    const secrets = { GITHUB_TOKEN: 'ghp_0123456789' };
    await using world = await openWorld(
      answer('ls -A ../..; grep -r ghp_ .git ../../git || true', source, { secrets }),
    );
    await runToEnd(world);
    expect(world.intake.texts('stdout')).not.toContain('git');
    expect(world.intake.texts('stdout').join('\n')).not.toContain('***');
  });
});

describe('a GitHub token', () => {
  /** Stands in for git: asks as git asks, and says what it was given. */
  const FAKE_GIT = `#!/bin/sh
for target; do :; done
case "$target" in */*) mkdir -p "$target" ;; esac
for host in github.com example.com; do
  echo "$host: $("$GIT_ASKPASS" "Username for 'https://$host': ") $("$GIT_ASKPASS" "Password for 'https://x-access-token@$host': ")"
done
echo "seen: $(env | grep -c ghp_) $(tr '\\0' '\\n' < /proc/$$/cmdline | grep -c ghp_)"
`;

  async function ask(url: string, env: Record<string, string>) {
    const bin = mkdtempSync(join(root, 'bin-'));
    writeFileSync(join(bin, 'git'), FAKE_GIT, { mode: 0o755 });
    const world = await openWorld(answer('ls ../../git', { url, ref: '', path: '' }, { env }));
    world.order({ host_env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` } });
    await world.exited;
    return world;
  }
  const said = (texts: string[]) =>
    texts.filter((text) => text.startsWith('### runvoy git: ')).map((text) => text.slice(16));

  test('is given to github.com alone, and never in an argument or in the environment', async () => {
    await using world = await ask('https://github.com/a/b', { GITHUB_TOKEN: 'ghp_0123456789' });
    expect(said(world.intake.texts('system'))).toEqual([
      'github.com: x-access-token ghp_0123456789',
      'example.com:  ',
      'seen: 0 0',
    ]);
    expect(world.intake.texts('stdout')).toEqual([]);
    expect(world.intake.finished[0]!.exit_code).not.toBe(0);
  });

  test.each([
    'https://example.com/a/b',
    'https://github.com.example.com/a',
    'ssh://git@github.com/a/b',
    'https://github.com:444/a',
  ])('is not even written down for %s', async (url) => {
    await using world = await ask(url, { GH_TOKEN: 'ghp_0123456789' });
    expect(said(world.intake.texts('system')).join('\n')).not.toContain('ghp_0123456789');
  });
});
