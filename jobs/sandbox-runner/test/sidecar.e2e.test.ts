import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, jest, test } from '@jest/globals';
import { STATIC_SHELL, openSidecarWorld, readLane, whyNoContainers } from './sidecar-world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const why = await whyNoContainers();
const testIt = why === undefined ? test : test.skip;
const named = (name: string) => (why === undefined ? name : `${name} — skipped: ${why}`);
/** An image with a user of its own needs somebody who may become that user. */
const isRoot = process.getuid?.() === 0 || process.env['RUNVOY_REQUIRE_ALL'] === '1';
const testAsRoot = isRoot ? testIt : test.skip;
const namedAsRoot = (name: string) => (isRoot ? named(name) : `${name} — skipped: needs root`);

/** An image of one file. */
function openImage(path: string) {
  const rootfs = mkdtempSync(join(tmpdir(), 'runvoy-image-'));
  chmodSync(rootfs, 0o755);
  for (const name of ['bin', 'proc', 'dev', 'runvoy', 'tmp']) mkdirSync(join(rootfs, name));
  copyFileSync(STATIC_SHELL, join(rootfs, path));
  return { rootfs, [Symbol.dispose]: () => rmSync(rootfs, { recursive: true, force: true }) };
}

describe('a sidecar', () => {
  testIt(named('brings both streams of the other container, in order, in both lanes, and its exit code'), async () => {
    await using world = await openSidecarWorld('echo one; echo two >&2; echo three; printf tail; exit 7');
    expect(await world.ends()).toEqual([0, 7]);
    const { intake } = world;
    expect(intake.badSignatures).toEqual([]);
    expect(intake.texts('stdout')).toEqual(['one', 'three', 'tail']);
    expect(intake.texts('stderr')).toEqual(['two']);
    expect(intake.texts('system')).toContain('### runvoy runner: isolation => cloud-run');
    expect(intake.lines().at(-1)).toMatchObject({ text: 'tail', partial: true });
    expect(intake.finished).toHaveLength(1);
    expect(intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 7, ...intake.digest() });
    const lane = readLane(world);
    expect(lane.lines).toEqual(intake.lines());
    expect(lane.finished).toEqual(intake.finished);
  });

  testIt(
    named('proves who it is with the token, the name of the execution and an identity for the intake alone'),
    async () => {
      await using world = await openSidecarWorld('true');
      await world.ends();
      expect(world.intake.authorizations).toEqual([`Bearer token-for-${world.intake.socket}`]);
      expect(world.intake.bootstraps).toMatchObject([
        { token: 'one-time-token', attempt: 2, platform_execution: 'rv-profile-x7k2p' },
      ]);
    },
  );

  testIt.each([0, 255])(named('ends by itself with 0 and lets the other container end with %i'), async (code) => {
    await using world = await openSidecarWorld(`exit ${code}`);
    expect(await world.ends()).toEqual([0, code]);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: code });
  });

  testIt(named('reports a signal that ended the command as a shell does'), async () => {
    await using world = await openSidecarWorld('kill -SEGV $$');
    expect(await world.ends()).toEqual([0, 139]);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 139 });
  });

  testIt(
    named('gives the command the environment of its image and of its run, byte by byte, and nothing of its own'),
    async () => {
      const odd = 'line one\nline "two" \'three\' $HOME `id` \\ \t end\n';
      await using world = await openSidecarWorld('env -0 | sort -z | tr "\\0" "\\n"; cat .env; pwd', {
        imageEnv: { HOME: '/', WHO: 'the image', OVER: 'written' },
        answer: {
          env: { ODD: odd, OVER: 'the run', 'odd.name': 'x', PATH: '/usr/bin:/bin', IFS: 'o' },
          secrets: { KEY: 'abcdefgh' },
        },
      });
      expect(await world.ends()).toEqual([0, 0]);
      const texts = world.intake.texts('stdout');
      const text = texts.join('\n');
      for (const entry of [`ODD=${odd}`, 'OVER=the run', 'WHO=the image', 'IMAGE=its own', 'KEY=***', 'RUNVOY=true'])
        expect(text).toContain(`${entry}\n`);
      expect(text).toContain('HOME=/runvoy/workspace\n');
      expect(text).toContain(`RUNVOY_EXECUTION_ID=${world.executionId}\n`);
      expect(text).not.toMatch(/SIDECAR_ONLY|BOOTSTRAP|one-time-token|METADATA/);
      expect(texts.at(-1)).toBe('/runvoy/workspace');
    },
  );

  testIt(named('takes its secret out of its environment before it starts anything'), async () => {
    await using world = await openSidecarWorld('true', {
      answer: { git: { url: 'ssh://127.0.0.1:1/nothing.git', ref: '', path: '' } },
    });
    // Git's ssh cannot connect, so the clone fails; the runner container is never started.
    expect(await world.sidecar.exited).toBe(0);
    expect(world.intake.finished).toMatchObject([{ cause: 'exited', reason: 'git_clone' }]);
    expect(world.rawLane()).not.toContain('one-time-token');
  });

  testIt(
    named('brings ten thousand lines a second, binary bytes and a last line without an end, all of it in both lanes'),
    async () => {
      await using world = await openSidecarWorld(
        'seq 1 50000; head -c 300000 /dev/zero | tr "\\0" "\\377"; echo; printf "\\000\\001\\303\\050 tail"',
      );
      const before = Date.now();
      expect(await world.ends()).toEqual([0, 0]);
      expect(Date.now() - before).toBeLessThan(20_000);
      const { intake } = world;
      const texts = intake.texts('stdout');
      expect(texts.slice(0, 50_000)).toEqual(Array.from({ length: 50_000 }, (_, i) => String(i + 1)));
      expect(texts.at(-1)).toBe('\0\u0001\ufffd( tail');
      expect(intake.finished[0]).toMatchObject(intake.digest());
      expect(readLane(world).lines).toEqual(intake.lines());
    },
  );

  testIt(
    named('ends two seconds after a command whose background child keeps the pipes, and kills that child'),
    async () => {
      await using world = await openSidecarWorld('sleep 30 & echo done');
      const before = Date.now();
      expect(await world.ends()).toEqual([0, 0]);
      expect(Date.now() - before).toBeLessThan(10_000);
      expect(world.intake.texts()).toContain('### runvoy runner: 1 process left behind by the command killed');
      const [finished] = world.intake.finished;
      expect(finished!.ended_at - finished!.started_at).toBeLessThan(1_500);
    },
  );

  testIt(named('gives the command every signal as it is by default, SIGINT too'), async () => {
    await using world = await openSidecarWorld(
      'grep -E "^Sig(Ign|Blk)" /proc/self/status; trap "echo int; exit 6" INT; kill -INT $$',
    );
    expect(await world.ends()).toEqual([0, 6]);
    expect(world.intake.texts('stdout')).toEqual(['SigBlk:\t0000000000000000', 'SigIgn:\t0000000000000000', 'int']);
  });

  testIt(named('waits for a command that has closed its outputs'), async () => {
    await using world = await openSidecarWorld('echo before; exec >&- 2>&-; sleep 0.5; exit 3');
    expect(await world.ends()).toEqual([0, 3]);
    expect(world.intake.texts('stdout')).toEqual(['before']);
    expect(world.intake.finished[0]).toMatchObject({ exit_code: 3 });
  });

  testIt(named('lets a command write to its own /dev/stdout and /dev/stderr'), async () => {
    await using world = await openSidecarWorld('echo a > /dev/stdout; echo b > /dev/stderr');
    await world.ends();
    expect(world.intake.texts('stdout')).toEqual(['a']);
    expect(world.intake.texts('stderr')).toEqual(['b']);
  });

  testIt(named('says so when the command cannot be found, and when its directory is none'), async () => {
    await using world = await openSidecarWorld('no-such-command');
    expect(await world.ends()).toEqual([0, 127]);
    expect(world.intake.finished[0]).toMatchObject({ exit_code: 127 });
  });
});

describe('an image', () => {
  testAsRoot.each([0, 1000, 65_532])(
    namedAsRoot('of user %i can read, write and replace all of its workspace'),
    async (uid) => {
      await using world = await openSidecarWorld(
        'id -u; cat .env; echo more >> .env; mkdir new; echo x > new/file; mv .env other; rm other; echo w > /dev/stdout; ls',
        { uid, answer: { env: { A: 'b' } } },
      );
      expect(await world.ends()).toEqual([0, 0]);
      expect(world.intake.texts('stdout')).toEqual([String(uid), 'A=b', 'w', 'new']);
      expect(world.intake.texts('stderr')).toEqual([]);
    },
  );

  testIt(named('of one static program without a shell runs a command'), async () => {
    using image = openImage('bin/busybox');
    await using world = await openSidecarWorld(
      'echo "from $0"; for i in 1 2; do /bin/busybox printf "%s\\n" $i; done; /bin/sh -c true',
      {
        rootfs: image.rootfs,
      },
    );
    expect(await world.ends()).toEqual([0, 127]);
    expect(world.intake.texts('stdout')).toEqual(['from /runvoy/run/command.sh', '1', '2']);
  });

  testAsRoot(namedAsRoot('with a shell of its own has it used, and a user who is not root'), async () => {
    using image = openImage('bin/sh');
    await using world = await openSidecarWorld('readlink /proc/$$/exe; false; echo never', {
      rootfs: image.rootfs,
      uid: 1000,
    });
    expect(await world.ends()).toEqual([0, 1]);
    expect(world.intake.texts('stdout')).toEqual(['/bin/sh']);
  });
});

describe('a bootstrap', () => {
  testIt(named('answered with a stop ends the sidecar at once, and the other container is never started'), async () => {
    await using world = await openSidecarWorld('true', { stop: true });
    expect(await world.sidecar.exited).toBe(0);
    expect(world.rawLane()).toBe('');
    // Should a platform start it all the same, there is nothing to run.
    const runner = await world.startRunner();
    expect(await runner.exited).not.toBe(0);
  });

  testIt(named('that is refused ends the sidecar at once, with a reason in the platform’s log'), async () => {
    await using world = await openSidecarWorld('true');
    world.intake.misbehave = (call) => (call === 'bootstrap' ? { status: 409 } : undefined);
    expect(await world.sidecar.exited).toBe(0);
    expect(JSON.parse(world.notes())).toEqual({
      severity: 'NOTICE',
      note: expect.stringContaining('refused: status 409'),
    });
    expect(world.rawLane()).toBe('');
  });

  testIt(named('whose answer is lost is repeated with the same nonce and the same identity'), async () => {
    await using world = await openSidecarWorld('echo once');
    world.intake.misbehave = (call, nth) => (call === 'bootstrap' && nth <= 2 ? 'drop_after' : undefined);
    expect(await world.ends()).toEqual([0, 0]);
    expect(world.intake.bootstraps).toHaveLength(3);
    expect(new Set(world.intake.bootstraps.map(({ nonce }) => nonce)).size).toBe(1);
    expect(world.intake.texts('stdout')).toEqual(['once']);
  });
});
