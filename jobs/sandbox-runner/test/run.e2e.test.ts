import { readFileSync, statSync } from 'node:fs';
import { describe, expect, jest, test } from '@jest/globals';
import type { SafetyLaneEntry } from '@runvoy/protocol';
import { bootstrapAnswer } from './fake-intake.ts';
import { openWorld, runToEnd } from './world.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

describe('a run', () => {
  test('delivers both streams apart, in order, and ends with the exit code and a true end record', async () => {
    await using world = await openWorld('echo one; echo two >&2; echo "$GREETING"; printf tail; exit 3');
    expect(await runToEnd(world)).toBe(0);
    const { intake } = world;
    expect(intake.badSignatures).toEqual([]);
    expect(intake.texts('stdout')).toEqual(['one', '', 'tail']);
    expect(intake.lines('stdout').map(({ partial }) => partial)).toEqual([undefined, undefined, true]);
    expect(intake.texts('stderr')).toEqual(['two']);
    expect(intake.lines().map(({ seq }) => seq)).toEqual(intake.lines().map((_, i) => i + 1));
    expect(intake.finished).toHaveLength(1);
    expect(intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 3, maskings: 0, ...intake.digest() });
    expect(world.json('exit.json')).toMatchObject({ kind: 'exited' });
  });

  test('says who asked, which image, which isolation and that a command begins, and nothing of the command itself', async () => {
    const command = 'true "$(printf evaluated)"\ntrue `true` "ü"';
    await using world = await openWorld(command);
    await runToEnd(world);
    expect(world.intake.texts('system')).toEqual([
      '### runvoy runner: execution started by requestID => req-1',
      '### runvoy runner: image ID => host',
      '### runvoy runner: isolation => process',
      '### runvoy runner: command => 43 bytes in 2 lines; its text is in the record of the execution',
    ]);
    expect(Buffer.byteLength(command)).toBe(43);
  });

  test('stops at the first failing command, as with set -e', async () => {
    await using world = await openWorld('false\necho never');
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual([]);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', exit_code: 1 });
  });

  test('gives the command its own environment and the host user, and nothing of the supervisor', async () => {
    await using world = await openWorld(
      bootstrapAnswer('env | sort | grep -v -e ^PWD= -e ^OLDPWD= -e ^_= -e ^SHLVL= -e ^PATH=; cat; ls -A', {
        env: { COLOUR: 'blue' },
        secrets: { KEY: 'abcdefgh' },
      }),
    );
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual([
      'COLOUR=blue',
      `HOME=${world.directory}`,
      'KEY=***',
      'LANG=C.UTF-8',
      'RUNVOY=true',
      `RUNVOY_EXECUTION_ID=${world.executionId}`,
      'USER=somebody',
      '.env',
    ]);
    expect(readFileSync(world.file('workspace/.env'), 'utf8')).toBe('COLOUR=blue\nKEY=abcdefgh\n');
    expect(statSync(world.file('workspace/.env')).mode & 0o777).toBe(0o600);
    expect(statSync(world.file('workspace')).mode & 0o777).toBe(0o700);
  });

  test('can write to its own /dev/stdout and /dev/stderr', async () => {
    await using world = await openWorld('echo a > /dev/stdout; echo b > /dev/stderr');
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual(['a']);
    expect(world.intake.texts('stderr')).toEqual(['b']);
  });

  test('a command killed by a signal is reported by that signal, without an exit code', async () => {
    await using world = await openWorld('kill -SEGV $$');
    await runToEnd(world);
    expect(world.intake.finished[0]).toMatchObject({ cause: 'exited', signal: 'SIGSEGV' });
    expect(world.intake.finished[0]).not.toHaveProperty('exit_code');
  });

  test('masks secret values on both streams, and counts them', async () => {
    await using world = await openWorld(
      bootstrapAnswer(
        'echo hunter2-long; printf "hunter2"; printf -- "-long\\n" >&2; echo "$MULTI"; echo "$PIN"; echo "a$SECRET" >&2',
        {
          secrets: { SECRET: 'hunter2-long', MULTI: 'first line\nsecond line', PIN: '123' },
        },
      ),
    );
    await runToEnd(world);
    expect(world.intake.texts('stdout')).toEqual(['***', 'hunter2***', '123']);
    expect(world.intake.texts('stderr')).toEqual(['-long', 'a***']);
    expect(world.intake.texts('system')).toContain('### runvoy runner: the value of PIN is too short to be masked');
    expect(JSON.stringify(world.intake.texts('system'))).not.toContain('hunter2-long');
    expect(world.intake.badSignatures).toEqual([]);
    expect(world.intake.finished[0]).toMatchObject({ maskings: 3, unmasked: ['PIN'] });
  });

  test('puts every batch and the end into the spool, as sent', async () => {
    await using world = await openWorld('seq 1 20000');
    await runToEnd(world);
    const entries = readFileSync(world.file('spool.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as SafetyLaneEntry);
    expect(entries.filter(({ runvoy }) => runvoy === 'logs').map(({ body }) => body)).toEqual(
      world.intake.batches.toSorted((a, b) => a.from - b.from),
    );
    expect(entries.at(-1)).toMatchObject({ runvoy: 'finished', attempt: 1, body: world.intake.finished[0] });
    expect(world.intake.texts('stdout')).toEqual(Array.from({ length: 20_000 }, (_, i) => String(i + 1)));
    expect(world.intake.finished[0]).toMatchObject(world.intake.digest());
    expect(statSync(world.file('spool.jsonl')).mode & 0o777).toBe(0o600);
  });

  test('leaves the token in no file, argument or environment', async () => {
    await using world = await openWorld(
      'cat /proc/$PPID/cmdline /proc/$PPID/environ | tr "\\0" "\\n"; grep -rl one-time[-]token .. || true',
    );
    await runToEnd(world);
    expect(world.intake.texts('stdout').join('\n')).not.toContain('one-time-token');
    expect(world.intake.texts('stdout').join('\n')).not.toContain('spool.jsonl');
  });
});
