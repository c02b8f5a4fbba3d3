import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { BootstrapAnswer } from '@runvoy/protocol';
import type { RunOrder } from '../src/order.ts';
import { engineHere, makeImages } from './container-here.ts';
import { bootstrapAnswer } from './fake-intake.ts';
import { until } from './until.ts';
import { type World, openWorld } from './world.ts';

// Real containers on a machine that may be busy with others.
jest.setTimeout(60_000);

const found = await engineHere();
const why = 'why' in found ? found.why : undefined;
const here = why === undefined ? describe : describe.skip;

here(`a command in a container${why === undefined ? '' : ` — skipped: ${why}`}`, () => {
  const engine = 'engine' in found ? found.engine : undefined!;
  let images: ReturnType<typeof makeImages>;
  beforeAll(() => {
    images = makeImages(engine);
  });
  afterAll(() => images.remove());

  async function run(answer: BootstrapAnswer | string, order: Partial<RunOrder> = {}): Promise<World> {
    const world = await openWorld(answer);
    world.order({ isolation: 'container', image: images.busybox, cpu: 1_024, memory_mib: 64, engine, ...order });
    return world;
  }

  async function runToEnd(answer: BootstrapAnswer | string, order?: Partial<RunOrder>): Promise<World> {
    const world = await run(answer, order);
    await world.exited;
    return world;
  }

  const said = (world: World, text: string) =>
    until(`the command to say ${text}`, () => world.intake.texts('stdout').includes(text));

  test('has the files and the environment of its image, and the run’s own above it', async () => {
    await using world = await runToEnd(
      bootstrapAnswer(
        `cat /etc/of-the-image; echo "$OF_THE_IMAGE $REPLACED $HOME"; pwd; tr '\\0' '\\n' < /proc/$$/environ | grep dotted; echo err >&2`,
        {
          env: { REPLACED: 'by the run', 'dotted.name': 'kept', UID: 'odd' },
        },
      ),
    );
    expect(world.intake.texts('stdout')).toEqual([
      'of the image',
      'set by the run /workspace',
      '/workspace',
      'dotted.name=kept',
    ]);
    expect(world.intake.texts('stderr')).toEqual(['err']);
    expect(world.intake.texts('system').join('\n')).toMatch(
      /limits => memory 64 MiB, cpu 1, 512 processes, workspace 32 MiB.*\n.*image => localhost\/runvoy-test-busybox\S* \((sha256:)?[0-9a-f]{64}\)/,
    );
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 0 });
    expect(world.intake.badSignatures).toEqual([]);
  });

  test('ends with its own exit code, and 128 + the signal that ended it', async () => {
    await using world = await runToEnd('exit 42');
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 42 });
    await using killed = await runToEnd('kill -TERM $$; sleep 10');
    expect(killed.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 143 });
  });

  test('loses no byte of its output, however much it is', async () => {
    await using world = await runToEnd('i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo "line $i of many"; done', {
      memory_mib: 128,
    });
    expect(world.intake.texts('stdout')).toEqual(Array.from({ length: 20_000 }, (_, i) => `line ${i + 1} of many`));
    expect(world.intake.finished[0]).toMatchObject(world.intake.digest());
  });

  test('shows none of the run’s values in an argument or environment of the engine’s processes', async () => {
    await using world = await run(
      bootstrapAnswer('echo begun; sleep 1000', {
        env: { PLAIN: 'value-of-the-run' },
        secrets: { KEY: 'secret-of-the-run' },
      }),
    );
    await said(world, 'begun');
    const engines = readdirSync('/proc').filter(
      (pid) => /^\d+$/.test(pid) && /podman|conmon|docker|runc/.test(fileOf(pid, 'comm')),
    );
    expect(engines.length).toBeGreaterThan(0);
    const all = readdirSync('/proc').filter((pid) => /^\d+$/.test(pid));
    for (const pid of all) expect(fileOf(pid, 'cmdline')).not.toMatch(/(value|secret)-of-the-run/);
    for (const pid of engines) expect(fileOf(pid, 'environ')).not.toMatch(/(value|secret)-of-the-run/);
    stop(world, 0);
    await world.exited;
  });

  test('is told of a stop and tidies up within the grace, and so do its children', async () => {
    await using world = await run(
      '(trap "sleep 0.3; echo tidied; exit 0" TERM; echo begun; while :; do sleep 0.05; done) & wait',
    );
    await said(world, 'begun');
    stop(world, 30_000);
    await world.exited;
    expect(world.intake.texts('stdout')).toEqual(['begun', 'tidied']);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'stop' });
    expect(world.json('exit.json')).toMatchObject({ kind: 'cancelled' });
  });

  test('that stops the shell which waits for it is stopped all the same', async () => {
    await using world = await run('kill -STOP $PPID; echo begun; trap "" TERM; while :; do sleep 0.1; done');
    await said(world, 'begun');
    stop(world, 300);
    await world.exited;
    expect(world.intake.finished[0]).toMatchObject({ cause: 'stop', stop_progress: { killed_ms: expect.any(Number) } });
    expect(containersOf(world)).toEqual([]);
  });

  test('that takes more memory than its image has is killed, and nobody else', async () => {
    await using world = await runToEnd('tail /dev/zero || echo "ended with $?"');
    expect(world.intake.texts('stdout')).toEqual(['ended with 137']);
    expect(world.intake.finished[0]).toMatchObject({ exit_code: 0 });
  });

  test('gets no more cpu than its image has', async () => {
    await using world = await runToEnd(
      'read a b c < /sys/fs/cgroup/cpu.max 2>/dev/null || read a < /sys/fs/cgroup/cpu/cpu.cfs_quota_us; echo "$a"',
      {
        cpu: 256,
      },
    );
    expect(world.intake.texts('stdout')).toEqual(['25000']);
  });

  test('may write to its workspace and its /tmp, and to nothing of the image', async () => {
    await using world = await runToEnd('touch here /tmp/here && echo both; touch /etc/there || echo refused');
    expect(world.intake.texts('stdout')).toEqual(['both', 'refused']);
    expect(world.intake.texts('stderr').join()).toContain('Read-only file system');
  });

  test('of an image without /bin/sh is not started, and the log says what the image lacks', async () => {
    await using world = await runToEnd('echo never', { image: images.empty });
    expect(world.intake.texts('system').join('\n')).toMatch(/has no \/bin\/sh, which every command needs/);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', reason: 'image_unusable' });
    expect(containersOf(world)).toEqual([]);
  });

  test('of an image that cannot be pulled is not started, and says so in the engine’s own words', async () => {
    // A registry on a port where nobody listens.
    await using world = await runToEnd('echo never', { image: '127.0.0.1:9/nobody/nothing:1' });
    const words = /127\.0\.0\.1:9.*refused/;
    expect(world.intake.texts('system').join('\n')).toMatch(words);
    expect(world.intake.finished[0]).toMatchObject({ reason: 'image_pull', details: expect.stringMatching(words) });
  });

  test('without network sees no interface but its own loopback', async () => {
    await using world = await runToEnd('grep -c : /proc/net/dev', { network: 'none' });
    expect(world.intake.texts('stdout')).toEqual(['1']);
    expect(world.intake.texts('system').join('\n')).toContain('no network');
  });

  describe('with a repository', () => {
    let root: string;
    beforeAll(() => {
      root = realpathSync(mkdtempSync(join(tmpdir(), 'runvoy-container-')));
      const project = join(root, 'project');
      mkdirSync(project);
      writeFileSync(join(project, 'file'), 'cloned\n');
      const git = (...args: string[]) =>
        execFileSync('git', ['-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args], {
          cwd: project,
          env: { PATH: process.env['PATH'], HOME: root, GIT_CONFIG_NOSYSTEM: '1' },
          stdio: 'ignore',
        });
      git('init', '-q', '-b', 'main');
      git('add', '-A');
      git('commit', '-q', '-m', 'a commit');
      // Commands of this machine's programs are nobody's.
      execFileSync('chmod', ['-R', 'a+rX', root]);
    });
    afterAll(() => rmSync(root, { recursive: true, force: true }));

    const withGit = () =>
      bootstrapAnswer('pwd; cat file', {
        git: { url: `file://${join(root, 'project')}`, ref: '', path: '' },
        git_roots: [root],
      });

    test('works in the clone, which was made inside', async () => {
      await using world = await runToEnd(withGit(), { image: 'host', memory_mib: 256 });
      expect(world.intake.texts('stdout')).toEqual(['/workspace/repo', 'cloned']);
    });

    test('and an image without git is not started, and the log says what the image lacks', async () => {
      await using world = await runToEnd(withGit());
      expect(world.intake.texts('system').join('\n')).toMatch(/runvoy-test-busybox\S* has no git; choose one that has/);
      expect(world.intake.finished[0]).toMatchObject({ reason: 'git_clone' });
    });
  });

  function containersOf(world: World): string[] {
    const [program, ...options] = engine.command;
    const args = ['ps', '--all', '--quiet', '--filter', `label=dev.runvoy.execution=${world.executionId}`];
    return execFileSync(program, [...options, ...args], { encoding: 'utf8' })
      .split('\n')
      .filter(Boolean);
  }
});

function stop(world: World, graceMs: number): void {
  writeFileSync(world.file('stop.json'), JSON.stringify({ grace_ms: graceMs }));
  world.supervisor.kill('SIGTERM');
}

function fileOf(pid: string, name: 'comm' | 'cmdline' | 'environ'): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1');
  } catch {
    return '';
  }
}
