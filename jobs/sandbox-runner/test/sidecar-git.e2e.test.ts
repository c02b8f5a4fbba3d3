import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { openSidecarWorld, whyNoContainers } from './sidecar-world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const why = await whyNoContainers();
const isRoot = process.getuid?.() === 0 || process.env['RUNVOY_REQUIRE_ALL'] === '1';
const missing = why ?? (isRoot ? undefined : 'needs root');
const named = (name: string, reason: string | undefined) =>
  reason === undefined ? name : `${name} — skipped: ${reason}`;
const testIt = why === undefined ? test : test.skip;
const testAsRoot = missing === undefined ? test : test.skip;

let root: string;
beforeEach(() => void (root = realpathSync(mkdtempSync(join(tmpdir(), 'runvoy-git-')))));
afterEach(() => rmSync(root, { recursive: true }));

function git(cwd: string, ...args: string[]): void {
  const env = { PATH: process.env['PATH'], HOME: root, GIT_CONFIG_NOSYSTEM: '1' };
  execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], { cwd, env, stdio: 'pipe' });
}

describe('a clone by the sidecar', () => {
  testAsRoot(
    named('can be read, changed and committed to by the image’s user, who did not make it', missing),
    async () => {
      const project = join(root, 'project');
      mkdirSync(join(project, 'sub'), { recursive: true });
      git(project, 'init', '-q', '-b', 'main');
      writeFileSync(join(project, 'sub', 'file'), 'one\n');
      git(project, 'add', '-A');
      git(project, 'commit', '-q', '-m', 'the first');
      await using world = await openSidecarWorld(
        'pwd; cat file ../.env; echo two >> file; git log --format=%s; git -c user.name=B -c user.email=b@example.com commit -qam "the second"; git log --format=%s; rm -rf ../../repo; ls -A ../..',
        {
          uid: 1000,
          answer: {
            env: { A: 'b' },
            git: { url: `file://${project}`, ref: 'main', path: 'sub' },
            git_roots: [root],
          },
        },
      );
      await world.ends();
      expect(world.intake.texts('stderr')).toEqual([]);
      expect(world.intake.texts('stdout')).toEqual([
        '/runvoy/workspace/repo/sub',
        'one',
        'A=b',
        'the first',
        'the second',
        'the first',
        '.env',
      ]);
    },
  );

  testIt(
    named('is made without the run’s environment, without ours, and with credentials nowhere on the volume', why),
    async () => {
      const tools = join(root, 'tools');
      const record = join(root, 'record');
      mkdirSync(tools);
      chmodSync(root, 0o755);
      // In git's place: what it is given, and whether what it is to know can be found on the volume.
      writeFileSync(
        join(tools, 'git'),
        `#!/bin/sh\n{ env; find /runvoy | sort; grep -rls abcdefgh-token /runvoy; cat "\${GIT_ASKPASS%/*}/token"; umask; } > ${record}\nfor last; do :; done\nmkdir "$last"\n`,
        { mode: 0o755 },
      );
      await using world = await openSidecarWorld('find /runvoy -type f | sort; ls /runvoy/pipes', {
        tools,
        answer: {
          env: { LD_PRELOAD: '/nowhere.so', COLOUR: 'blue' },
          secrets: { GITHUB_TOKEN: 'abcdefgh-token' },
          git: { url: 'https://github.com/owner/project', ref: 'main', path: '' },
        },
      });
      await world.ends();
      const seen = readFileSync(record, 'utf8');
      expect(seen).toContain('abcdefgh-token\n');
      expect(seen).not.toMatch(/LD_PRELOAD|COLOUR|SIDECAR_ONLY|one-time-token|BOOTSTRAP/);
      expect(seen).toContain('0000\n');
      // The run's own .env holds its variables, as locally; nothing of git's is there.
      expect(seen.match(/^\/runvoy.*$/gm)).toEqual([
        '/runvoy',
        '/runvoy/bin',
        '/runvoy/bin/busybox',
        '/runvoy/bin/sh',
        '/runvoy/entry.sh',
        '/runvoy/pipes',
        '/runvoy/pipes/control',
        '/runvoy/pipes/status',
        '/runvoy/pipes/stderr',
        '/runvoy/pipes/stdout',
        '/runvoy/run',
        '/runvoy/run/command.sh',
        '/runvoy/workspace',
        '/runvoy/workspace/.env',
        '/runvoy/workspace/.env',
      ]);
      // By the time the command runs, the pipes have no names any more.
      expect(world.intake.texts('stdout')).toEqual([
        '/runvoy/bin/busybox',
        '/runvoy/entry.sh',
        '/runvoy/run/call.sh',
        '/runvoy/run/command.sh',
        '/runvoy/workspace/.env',
        '/runvoy/workspace/repo/.env',
      ]);
    },
  );
});
