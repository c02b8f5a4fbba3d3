import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { BootstrapAnswer } from '@runvoy/protocol';
import { listProcesses, readProcess } from '../src/process-table.ts';
import { whyNoBubblewrap } from './bubblewrap-here.ts';
import { bootstrapAnswer } from './fake-intake.ts';
import { until } from './until.ts';
import { type World, openWorld } from './world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const why = await whyNoBubblewrap();
const here = why === undefined ? describe : describe.skip;

async function run(answer: BootstrapAnswer | string): Promise<World> {
  const world = await openWorld(answer);
  world.order({ isolation: 'bubblewrap' });
  return world;
}

async function runToEnd(answer: BootstrapAnswer | string): Promise<World> {
  const world = await run(answer);
  await world.exited;
  return world;
}

const said = (world: World, text: string) =>
  until(text, () => world.intake.batches.some((batch) => batch.lines.some((line) => line.text === text)));

here(`a command under bubblewrap${why === undefined ? '' : ` — skipped: ${why}`}`, () => {
  test('has its exit code, both outputs, and names for them that can be opened', async () => {
    await using world = await runToEnd('echo out; echo err >&2; echo named > /dev/stderr; exit 7');
    expect(world.intake.texts('stdout')).toEqual(['out']);
    expect(world.intake.texts('stderr')).toEqual(['err', 'named']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 7 });
    expect(world.intake.badSignatures).toEqual([]);
  });

  test('has exactly the environment of the run, byte by byte, whatever is in it', async () => {
    const odd = `a'b"c $HOME \`id\`\n-- é\t\\n`;
    await using world = await runToEnd(
      bootstrapAnswer('env -0 | sort -z | tr "\\0\\n" "\\n|"', { env: { ODD: odd, LD_PRELOAD: '/nowhere.so' } }),
    );
    expect(world.intake.texts('stdout')).toEqual([
      'HOME=/workspace',
      'LANG=C.UTF-8',
      'LD_PRELOAD=/nowhere.so',
      `ODD=${odd.replace('\n', '|')}`,
      'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      'PWD=/workspace',
      `RUNVOY=true`,
      `RUNVOY_EXECUTION_ID=${world.executionId}`,
      'USER=runvoy',
    ]);
  });

  test('may be as long as the API takes', async () => {
    await using world = await runToEnd(`: '${'x'.repeat(250_000)}'; echo read to the end`);
    expect(world.intake.texts('stdout')).toEqual(['read to the end']);
  });

  test('finds its .env in a workspace that is nowhere on the disk', async () => {
    await using world = await runToEnd(bootstrapAnswer('pwd; . ./.env; echo "$A"; touch here', { env: { A: 'b c' } }));
    expect(world.intake.texts('stdout')).toEqual(['/workspace', 'b c']);
    expect(existsSync(world.file('workspace'))).toBe(false);
  });

  test('is told of a stop and tidies up within the grace, and so do its children', async () => {
    await using world = await run(
      '(trap "sleep 0.3; echo tidied; exit 0" TERM; echo begun; while :; do sleep 0.05; done) & wait',
    );
    await said(world, 'begun');
    writeFileSync(world.file('stop.json'), '{"grace_ms":30000}');
    world.supervisor.kill('SIGTERM');
    await world.exited;
    expect(world.intake.texts('stdout')).toEqual(['begun', 'tidied']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'stop' });
  });

  test('does not outlive its stop, whatever it ignores, leaves or forks', async () => {
    await using world = await run(
      'trap "" TERM; for i in 1 2 3; do env -i setsid sh -c \'trap "" TERM; while :; do sleep 0.1; done\' & done; echo begun; while :; do sleep 0.1; done',
    );
    await said(world, 'begun');
    const inside = namespaceMembers(world);
    expect(inside.length).toBeGreaterThan(4);
    writeFileSync(world.file('stop.json'), '{"grace_ms":200}');
    world.supervisor.kill('SIGTERM');
    await world.exited;
    expect(world.intake.finished[0]).toMatchObject({ cause: 'stop', stop_progress: { killed_ms: expect.any(Number) } });
    expect(inside.filter((row) => readProcess(row.pid)?.startTicks === row.startTicks)).toEqual([]);
  });

  test('dies with a supervisor that is killed', async () => {
    await using world = await run('env -i setsid sleep 1000 & echo begun; sleep 1000');
    await said(world, 'begun');
    const inside = namespaceMembers(world);
    expect(inside.length).toBeGreaterThan(3);
    world.supervisor.kill('SIGKILL');
    await world.exited;
    await until('everything inside to die', () =>
      inside.every((row) => readProcess(row.pid)?.startTicks !== row.startTicks),
    );
  });

  test('that kills the shell which started it ends itself', async () => {
    await using world = await runToEnd('kill -9 2; sleep 1000');
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 137 });
  });

  describe('with a repository', () => {
    let root: string;
    beforeAll(() => {
      root = realpathSync(mkdtempSync(join(tmpdir(), 'runvoy-bubblewrap-')));
      const project = join(root, 'project');
      mkdirSync(join(project, 'sub'), { recursive: true });
      writeFileSync(join(project, 'sub', 'file'), 'cloned\n');
      symlinkSync('/etc', join(project, 'etc'));
      const git = (...args: string[]) =>
        execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
          cwd: project,
          env: { PATH: process.env['PATH'], HOME: root, GIT_CONFIG_NOSYSTEM: '1' },
          stdio: 'ignore',
        });
      git('init', '-q', '-b', 'main');
      git('add', '-A');
      git('commit', '-q', '-m', 'a commit');
      // Under root, commands are nobody's.
      chmodSync(root, 0o755);
    });
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    const withGit = (command: string, git: { ref?: string; path?: string } = {}) =>
      bootstrapAnswer(command, {
        env: { A: 'b' },
        git: { url: `file://${join(root, 'project')}`, ref: '', path: '', ...git },
        git_roots: [root],
      });

    test('works in the clone, which was made inside', async () => {
      await using world = await runToEnd(withGit('pwd; cat file; cat ../.env; git status --short', { path: 'sub' }));
      expect(world.intake.texts('stdout')).toEqual(['/workspace/repo/sub', 'cloned', 'A=b', '?? ../.env']);
      expect(world.intake.finished[0]).toMatchObject({ exit_code: 0 });
    });

    test.each([
      ['no such path', { path: 'nowhere' }, /has no directory nowhere/],
      ['a path that leads out', { path: 'etc' }, /etc leads out of the repository/],
      ['dots that lead out', { path: 'sub/../../..' }, /leads out of the repository/],
      ['no such ref', { ref: 'nowhere' }, /Remote branch nowhere not found/],
    ])('does not start with %s, and says why', async (_what, git, text) => {
      await using world = await runToEnd(withGit('echo never', git));
      expect(world.intake.texts('stdout')).toEqual([]);
      expect(world.intake.texts('system').join('\n')).toMatch(text);
    });
  });
});

/** Everybody in the run's process namespace, found by one who still carries the run's marker. */
function namespaceMembers(world: World) {
  const { start_ticks } = world.json('command.json') as { start_ticks: number };
  const rows = listProcesses().filter((row) => row.startTicks >= start_ticks);
  const marked = rows.find((row) => environmentOf(row.pid).includes(`RUNVOY_EXECUTION_ID=${world.executionId}`))!;
  const namespace = namespaceOf(marked.pid);
  return rows.filter((row) => namespaceOf(row.pid) === namespace);
}

function environmentOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1');
  } catch {
    return '';
  }
}

function namespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return undefined;
  }
}
