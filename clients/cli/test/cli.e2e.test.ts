import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { noTerminal, runvoy, runvoyOnTerminal } from './cli-process.ts';
import { at, FakeServer, RUN_ID } from '@runvoy/sdk/contracts';
import { REPORT } from './sample-report.ts';

const CTRL_C = '\x03';
/** Nothing listens on the discard port of this machine. */
const NOWHERE = { url: 'http://127.0.0.1:9' };

let server: FakeServer;
let home = '';
beforeEach(async () => {
  server = await FakeServer.open();
  home = await mkdtemp(join(tmpdir(), 'runvoy-cli-'));
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(home, { recursive: true });
});

const watched = () => server.until(() => server.saw('UPGRADE', '/stream'));
/** A signal that follows another sooner than this is the same one, handed on. */
const apart = () => new Promise((resolve) => setTimeout(resolve, 550));
const keys = () =>
  server.requests.filter(({ path }) => path === '/run').map(({ headers }) => headers['idempotency-key']);

describe('playbook run', () => {
  const body = () => JSON.parse(server.requests.find(({ method }) => method === 'POST')!.body) as object;

  test('hands in the file that lies here, says so, and exits with the code of its command', async () => {
    await mkdir(join(home, '.runvoy'));
    await writeFile(join(home, '.runvoy', 'deploy.yml'), 'commands: [make, make deploy]\nenv: {PORT: 8080}');
    await using cli = runvoy(['playbook', 'run', 'deploy', '--label', 'env=prod'], { server, home });
    await watched();
    server.end('FAILED', 4);
    expect(await cli.ended).toBe(4);
    expect(cli.stderr).toContain(`runvoy: playbook deploy from ${join(home, '.runvoy', 'deploy.yml')}\n`);
    expect(body()).toEqual({ command: 'make &&\nmake deploy', env: { PORT: '8080' }, labels: { env: 'prod' } });
  });

  test('asks the server for what does not lie here, and names the version', async () => {
    const args = ['playbook', 'run', 'deploy', '--param', 'target=prod', '--detach'];
    await using cli = runvoy(args, { server, home });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe(`${RUN_ID}\n`);
    expect(cli.stderr).toContain(`runvoy: playbook deploy, version 7, of ${server.url}`);
    expect(server.saw('POST', '/playbooks/deploy/run')).toBe(true);
    expect(body()).toEqual({ parameters: { target: 'prod' } });
  });

  test('that is refused exits with 125, as any run', async () => {
    server.refusals = [422];
    await using cli = runvoy(['playbook', 'run', 'deploy'], { server, home });
    expect(await cli.ended).toBe(125);
    expect(cli.stderr).toContain('refused');
  });
});

describe('run', () => {
  test('takes the command and all else from a job file', async () => {
    await writeFile(join(home, 'job.yml'), 'command: make test\nimage: alpine:3.22\ntimeout: 5m\n');
    await using cli = runvoy(['run', '--detach', '--file', join(home, 'job.yml'), '--timeout', '1h'], { server });
    expect(await cli.ended).toBe(0);
    expect(JSON.parse(server.requests[0]!.body)).toEqual({
      command: 'make test',
      image: 'alpine:3.22',
      timeout: 3_600,
    });
  });

  test('keeps the streams apart, passes the exit code on and proves the log', async () => {
    await using cli = runvoy(['run', 'ls', '-la'], { server });
    await watched();
    server.running();
    server.write('### runvoy', 'system');
    server.write('out');
    server.write('err', 'stderr');
    server.write('no line feed', 'stdout', true);
    server.end('FAILED', 3);
    expect(await cli.ended).toBe(3);
    expect(cli.stdout).toBe('out\nno line feed');
    expect(cli.stderr).toBe(
      `started ${RUN_ID}\n### runvoy\nerr\nfailed · exit 3 · 3.2 s · 4 lines, complete, verified · isolation process · ${server.url}/logs?execution_id=${RUN_ID}\n`,
    );
    expect(JSON.parse(server.requests[0]!.body)).toEqual({ command: 'ls -la' });
    expect(server.requests[0]!.headers).toMatchObject({ 'x-api-key': 'k' });
  });

  test('sees every line once over a stream that breaks off', async () => {
    server.cuts = [{ afterFrames: 1, code: 1012 }];
    for (const letter of 'abcdef') server.write(letter);
    await using cli = runvoy(['run', 'x'], { server });
    await server.until(() => server.requests.filter(({ method }) => method === 'UPGRADE').length === 2);
    server.end('SUCCEEDED', 0);
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe('a\nb\nc\nd\ne\nf\n');
    expect(cli.stderr).toContain('6 lines, complete, verified');
  });

  test('says which lines are missing, and what could not be verified', async () => {
    for (const letter of 'abc') server.write(letter);
    server.missing = [2];
    server.end('SUCCEEDED', 0);
    await using cli = runvoy(['run', 'x'], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe('a\nc\n');
    expect(cli.stderr).toContain('missing: line 2');
    expect(cli.stderr).toContain('3 lines, NOT complete: missing 2');
  });

  test.each([
    ['FAILED', 124, 'timeout', 124, 'failed · timeout · exit 124'],
    ['STOPPED', 130, undefined, 130, 'stopped · exit 130'],
    ['FAILED', 1, 'lost', 125, 'failed · lost · exit 125'],
  ] as const)('%s %d %s', async (status, exitCode, reason, code, text) => {
    server.end(status, exitCode, reason === undefined ? {} : { reason });
    await using cli = runvoy(['run', 'x'], { server });
    expect(await cli.ended).toBe(code);
    expect(cli.stderr).toContain(text);
  });

  test('hands a run in again, with the same key, when no answer came', async () => {
    server.refusals = [0, 503];
    server.end('SUCCEEDED', 0);
    await using cli = runvoy(['run', 'x'], { server });
    expect(await cli.ended).toBe(0);
    expect(keys()).toHaveLength(3);
    expect(new Set(keys()).size).toBe(1);
    expect(keys()[0]).toMatch(/^[0-9a-f-]{36}$/);
  });

  test('an answer that refuses is told with its request and is 125', async () => {
    server.refusals = [422];
    await using cli = runvoy(['run', '--idempotency-key', 'mine', 'x'], { server });
    expect(await cli.ended).toBe(125);
    expect(cli.stderr).toBe('runvoy: [422] No: refused (request req1)\n');
    expect(keys()).toEqual(['mine']);
  });

  test('speaks JSON, and never prints the ticket of the live view', async () => {
    server.write('out');
    server.end('FAILED', 3);
    await using cli = runvoy(['run', '--json', 'x'], { server });
    expect(await cli.ended).toBe(3);
    const frames = cli.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(frames[0]).toMatchObject({ type: 'started', execution_id: RUN_ID });
    expect(frames).toContainEqual({ type: 'line', seq: 1, stream: 'stdout', ms: 1_000, text: 'out' });
    expect(frames.at(-1)).toMatchObject({ type: 'end', status: 'FAILED', exit_code: 3, lines: 1, verified: true });
    expect(cli.stdout).not.toContain('token=');
  });

  test('detached it prints the id and leaves', async () => {
    await using cli = runvoy(['run', '--detach', 'x'], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe(`${RUN_ID}\n`);
    expect(cli.stderr).toBe('');
  });

  test('says why it waits when nothing comes', async () => {
    await using cli = runvoy(['run', 'x'], { server });
    await cli.says('starting: waiting for its runner to come up\n');
    server.end('SUCCEEDED', 0);
    expect(await cli.ended).toBe(0);
  });

  test('says its place in the queue, and that it has left it', async () => {
    server.queued({ place: 3, waiting: 7, limit: 'deployment', max_running: 2 });
    await using cli = runvoy(['run', 'x'], { server });
    await cli.says('waiting for a free slot: place 3 of 7 (limit of the deployment: 2 running)\n');
    server.running();
    server.write('begun');
    server.end('SUCCEEDED', 0);
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe('begun\n');
  });

  test('leaves quietly when nobody reads any more', async () => {
    await using cli = runvoy(['run', 'x'], { server });
    await watched();
    server.write('first');
    await cli.says('first');
    cli.child.stdout.destroy();
    server.write('second');
    expect(await cli.ended).toBe(125);
    expect(cli.stderr).toContain(`nobody reads any more; the run goes on as ${RUN_ID}`);
    expect(server.saw('DELETE', '/')).toBe(false);
  });

  test('a reader that is slow gets everything', async () => {
    const long = 'x'.repeat(30_000);
    for (let line = 0; line < 100; line++) server.write(long);
    server.end('SUCCEEDED', 0);
    await using cli = runvoy(['run', 'x'], { server });
    cli.child.stdout.pause();
    await watched();
    cli.child.stdout.resume();
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe(`${long}\n`.repeat(100));
  });
});

describe('run without a terminal', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)('%s stops the run and waits until it is gone', async (signal) => {
    server.onStop = () => {
      server.cancel({ requested: at(0), signalled: at(10) });
      server.write('last words', 'stderr');
    };
    await using cli = runvoy(['run', 'x'], { server });
    await watched();
    await cli.says('started');
    cli.child.kill(signal);
    await cli.says('last words');
    server.end('STOPPED', 130, {
      cancel: { requested: at(0), signalled: at(10), killed: at(10_000), confirmed: at(10_400) },
    });
    expect(await cli.ended).toBe(130);
    expect(cli.stderr).toContain('requested → SIGTERM → SIGKILL → confirmed gone 10.4 s\n');
    expect(cli.stderr).toContain('stopped · exit 130 · 3.2 s · confirmed gone 10.4 s');
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('a second %s leaves at once and says what is not confirmed', async (signal, code) => {
    server.onStop = () => server.cancel({ requested: at(0) });
    await using cli = runvoy(['run', '--json', 'x'], { server });
    await watched();
    await cli.says('started');
    cli.child.kill(signal);
    await cli.says('stop: requested');
    await apart();
    cli.child.kill(signal);
    expect(await cli.ended).toBe(code);
    expect(cli.stderr).toContain(`left: its stop was accepted and its end is not confirmed: runvoy status ${RUN_ID}`);
    expect(JSON.parse(cli.stdout.trimEnd().split('\n').at(-1)!)).toEqual({
      type: 'left',
      execution_id: RUN_ID,
      stop: 'accepted',
    });
  });

  test('a second signal leaves at once though no server answers any more', async () => {
    await using cli = runvoy(['run', 'x'], { server });
    await watched();
    await cli.says('started');
    await server[Symbol.asyncDispose]();
    cli.child.kill('SIGTERM');
    await cli.says('stopping');
    await apart();
    cli.child.kill('SIGTERM');
    expect(await cli.ended).toBe(143);
    expect(cli.stderr).toContain(
      `left: a stop was sent and is not answered; the run may go on: runvoy kill --wait ${RUN_ID}`,
    );
  });

  test('--detach-on-signal leaves the run alone', async () => {
    await using cli = runvoy(['run', '--detach-on-signal', 'x'], { server });
    await watched();
    await cli.says('started');
    cli.child.kill('SIGTERM');
    expect(await cli.ended).toBe(125);
    expect(cli.stderr).toContain(`the run goes on: runvoy logs -f ${RUN_ID}`);
    expect(server.saw('DELETE', '/')).toBe(false);
  });

  test('a signal before the answer loses no run', async () => {
    const gate = Promise.withResolvers<void>();
    server.runGate = gate.promise;
    await using cli = runvoy(['run', 'x'], { server });
    await server.until(() => server.saw('POST', '/run'));
    cli.child.kill('SIGINT');
    await cli.says('waiting for it');
    gate.resolve();
    expect(await cli.ended).toBe(130);
    expect(server.saw('DELETE', `/executions/${RUN_ID}`)).toBe(true);
  });
});

describe(`run on a terminal${noTerminal === undefined ? '' : ` — skipped: ${noTerminal}`}`, () => {
  // Where everything is meant to be there, what is missing is a failure.
  const onTerminal = noTerminal === undefined || process.env['CI'] === 'true' ? test : test.skip;

  onTerminal('Ctrl-C detaches after two seconds', async () => {
    await using cli = runvoyOnTerminal(['run', 'x'], { server });
    await watched();
    await cli.says('started');
    cli.child.stdin.write(CTRL_C);
    await cli.says(`detaching in 2 s as ${RUN_ID}; Ctrl-C again stops it`);
    expect(await cli.ended).toBe(125);
    expect(server.saw('DELETE', '/')).toBe(false);
  });

  onTerminal('a second Ctrl-C stops the run', async () => {
    await using cli = runvoyOnTerminal(['run', 'x'], { server });
    await watched();
    await cli.says('started');
    cli.child.stdin.write(CTRL_C);
    await cli.says('detaching');
    cli.child.stdin.write(CTRL_C);
    expect(await cli.ended).toBe(130);
    expect(cli.stdout).toContain('requested → SIGTERM → confirmed gone 1.5 s');
  });

  onTerminal('a third Ctrl-C leaves at once', async () => {
    server.onStop = () => server.cancel({ requested: at(0) });
    await using cli = runvoyOnTerminal(['run', 'x'], { server });
    await watched();
    await cli.says('started');
    cli.child.stdin.write(CTRL_C);
    await cli.says('detaching');
    cli.child.stdin.write(CTRL_C);
    await cli.says('stop: requested');
    cli.child.stdin.write(CTRL_C);
    expect(await cli.ended).toBe(130);
    expect(cli.stdout).toContain('left: its stop was accepted and its end is not confirmed');
    expect(cli.stdout).not.toContain('the run goes on');
  });

  onTerminal('a run that ends within the two seconds ends as always', async () => {
    await using cli = runvoyOnTerminal(['run', 'x'], { server });
    await watched();
    await cli.says('started');
    cli.child.stdin.write(CTRL_C);
    await cli.says('detaching');
    server.end('FAILED', 7);
    expect(await cli.ended).toBe(7);
  });

  onTerminal('control sequences of the command do not reach the terminal', async () => {
    server.write('\x1b]0;owned\x07\x1b[31mred\x1b[0m');
    server.end('SUCCEEDED', 0);
    await using cli = runvoyOnTerminal(['run', 'x'], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toContain('\x1b[31mred\x1b[0m\r\n');
    expect(cli.stdout).not.toContain('owned');
  });
});

describe('logs', () => {
  const ERROR = { seq: 4, stream: 'stdout', ms: 1, text: 'error: x', ranges: [{ start: 0, end: 5 }] } as const;
  const ends = { total: 0, scanned_lines: 3, through: 5, complete: true } as const;
  const gap = (from: number, to: number) => ({ from, to });

  test.each([
    ['--search', [{ ...ends, hits: [], gaps: [gap(2, 2), gap(6, 9)] }], 1, 'not searched, they are missing: 2, 6-9'],
    [
      '--search',
      [
        { ...ends, hits: [ERROR], total: 1, complete: false, through: 5, next_after: 4, gaps: [gap(2, 2), gap(5, 5)] },
        { ...ends, hits: [], gaps: [gap(5, 5), gap(6, 9)] },
      ],
      0,
      'not searched, they are missing: 2, 5, 6-9',
    ],
    ['--first-error', [{ ...ends, hits: [], gaps: [gap(6, 9)] }], 1, 'not searched, they are missing: 6-9'],
    [
      '--first-error',
      [{ ...ends, hits: [], gaps: [gap(6, 9)], first_error: { seq: 1, because: 'last_lines' as const } }],
      0,
      'not searched, they are missing: 6-9',
    ],
  ])('%s names what it could not look into, also behind the last line', async (option, searches, code, text) => {
    for (const letter of 'abc') server.write(letter);
    server.end('FAILED', 3);
    server.searches = searches;
    await using cli = runvoy(['logs', option, ...(option === '--search' ? ['x'] : []), RUN_ID], { server });
    expect(await cli.ended).toBe(code);
    expect(cli.stderr).toContain(text);
  });

  test('prints what is stored of a run that goes on', async () => {
    server.running();
    server.write('a');
    await using cli = runvoy(['logs', RUN_ID], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe('a\n');
    expect(cli.stderr).toContain('running · 1 line so far');
  });

  test('proves the log of a run that has ended, whatever its own code', async () => {
    for (const letter of 'abc') server.write(letter);
    server.end('FAILED', 3);
    await using cli = runvoy(['logs', RUN_ID], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe('a\nb\nc\n');
    expect(cli.stderr).toBe('failed · exit 3 · 3.2 s · 3 lines, complete, verified · isolation process\n');
  });

  test('begins where it is told to', async () => {
    for (const letter of 'abc') server.write(letter);
    server.end('SUCCEEDED', 0);
    await using cli = runvoy(['logs', '--after', '2', '--timestamps', RUN_ID], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe('1970-01-01T00:00:01.000Z c\n');
    expect(cli.stderr).toContain('3 lines, complete ·');
  });

  test.each([
    ['--tail', '2', 'b\nc\n'],
    ['--tail', '99', 'a\nb\nc\n'],
    ['--since', '1970-01-01T00:00:01Z', 'a\nb\nc\n'],
    ['--since', '5m', ''],
  ])('of a run that has ended %s %s prints %j', async (option, value, text) => {
    for (const letter of 'abc') server.write(letter);
    server.end('SUCCEEDED', 0);
    await using cli = runvoy(['logs', option, value, RUN_ID], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe(text);
    expect(cli.stderr).toContain('3 lines, complete');
  });

  test('-f with a tail begins there and follows to the end; one of 0 shows only what comes', async () => {
    server.running();
    for (const letter of 'abc') server.write(letter);
    await using last = runvoy(['logs', '-f', '--tail', '1', RUN_ID], { server });
    await last.says('c\n');
    await using none = runvoy(['logs', '-f', '--tail', '0', RUN_ID], { server });
    await server.until(() => server.viewers === 2);
    server.write('d');
    server.end('SUCCEEDED', 0);
    expect([await last.ended, await none.ended]).toEqual([0, 0]);
    expect([last.stdout, none.stdout]).toEqual(['c\nd\n', 'd\n']);
  });

  test('-f says the place in the queue of a run that waits', async () => {
    server.queued({ place: 2, waiting: 5, limit: 'user', max_running: 1 });
    await using cli = runvoy(['logs', '-f', RUN_ID], { server });
    await cli.says('waiting for a free slot: place 2 of 5 (limit for each user: 1 running)');
    server.end('SUCCEEDED', 0);
    expect(await cli.ended).toBe(0);
  });

  test.each([[[]], [['-f']]])('a log shorter than where it was to begin is no false one %j', async (more) => {
    for (const letter of 'abcde') server.write(letter);
    server.end('SUCCEEDED', 0);
    await using cli = runvoy(['logs', ...more, '--after', '9999', RUN_ID], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe('');
    expect(cli.stderr).toContain('the log has only 5 lines');
    expect(cli.stderr).not.toContain('NOT');
  });

  test('nothing is made up about the lines before the first that was asked for', async () => {
    server.running();
    await using cli = runvoy(['logs', '--after', '9999', RUN_ID], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stderr).toContain('running · nothing after line 9,999 so far');
  });

  test.each([
    ['lines are missing', 'NOT complete: missing 2', () => (server.missing = [2])],
    ['the SHA-256 is another one', 'NOT verified', () => (server.statedSha256 = '00')],
  ])('exits with 1 when %s', async (_, text, spoil) => {
    for (const letter of 'abc') server.write(letter);
    spoil();
    server.end('SUCCEEDED', 0);
    for (const more of [[], ['-f']]) {
      await using cli = runvoy(['logs', ...more, RUN_ID], { server });
      expect(await cli.ended).toBe(1);
      expect(cli.stderr).toContain(text);
    }
  });

  test('-f follows to the end, and Ctrl-C only leaves', async () => {
    await using first = runvoy(['logs', '-f', RUN_ID], { server });
    await watched();
    server.write('a');
    await first.says('a\n');
    first.child.kill('SIGINT');
    expect(await first.ended).toBe(0);
    expect(first.stderr).toContain('left; the run goes on');
    await using second = runvoy(['logs', '-f', RUN_ID], { server });
    await second.says('a\n');
    server.end('SUCCEEDED', 0);
    expect(await second.ended).toBe(0);
    expect(server.saw('DELETE', '/')).toBe(false);
  });
});

describe('kill', () => {
  test('says that the stop was requested, or that there was nothing to stop', async () => {
    server.onStop = () => server.cancel({ requested: at(0) });
    await using first = runvoy(['kill', RUN_ID], { server });
    expect(await first.ended).toBe(0);
    expect(first.stdout).toContain(`stop requested: ${RUN_ID}`);
    server.end('FAILED', 3);
    await using second = runvoy(['kill', RUN_ID], { server });
    expect(await second.ended).toBe(0);
    expect(second.stdout).toBe(`already ended: ${RUN_ID} (failed, exit 3)\n`);
  });

  test('--wait stays until it is gone', async () => {
    await using cli = runvoy(['kill', '--wait', RUN_ID], { server });
    expect(await cli.ended).toBe(0);
    expect(cli.stdout).toBe(`stopped: ${RUN_ID} (requested → SIGTERM → confirmed gone 1.5 s)\n`);
  });
});

describe('kill whose answer does not come', () => {
  test('says that the stop may be stored, and how to look', async () => {
    server.cutsStops = true;
    await using cli = runvoy(['kill', '--wait', RUN_ID], { server });
    expect(await cli.ended).toBe(1);
    expect(cli.stderr).toContain('The stop may be stored all the same: "runvoy status');
    expect(cli.stderr).toContain(RUN_ID);
  });

  test('says nothing of the kind when nobody was reached', async () => {
    await using cli = runvoy(['kill', RUN_ID], { server: NOWHERE });
    expect(await cli.ended).toBe(1);
    expect(cli.stderr).not.toContain('may be stored');
  });
});

describe('kill in a hurry', () => {
  test.each([
    [['--force'], '?force=true'],
    [['--grace', '5s'], '?grace=5'],
    [['--grace', '0'], '?force=true'],
    [[], ''],
  ])('%j asks for the stop with "%s"', async (options, query) => {
    await using cli = runvoy(['kill', ...options, RUN_ID], { server });
    expect(await cli.ended).toBe(0);
    expect(server.requests.find(({ method }) => method === 'DELETE')?.path).toBe(`/executions/${RUN_ID}${query}`);
  });

  test('does not take both --force and --grace', async () => {
    await using cli = runvoy(['kill', '--force', '--grace', '5s', RUN_ID], { server });
    expect(await cli.ended).toBe(2);
    expect(cli.stderr).toContain('--force and --grace exclude each other');
    expect(server.saw('DELETE', '/')).toBe(false);
  });
});

describe('finding the server', () => {
  test('an API that does not answer is named, with what to do', async () => {
    await using cli = runvoy(['list'], { server: NOWHERE });
    expect(await cli.ended).toBe(1);
    expect(cli.stderr).toContain('http://127.0.0.1:9');
    expect(cli.stderr).toContain('npm start');
    expect(cli.stderr.trimEnd()).not.toContain('\n');
    await using run = runvoy(['run', 'x'], { server: NOWHERE });
    expect(await run.ended).toBe(125);
  });

  test('a live local server is found, and said', async () => {
    const client = { api_endpoint: server.url, api_key: 'local', admin_email: 'a@b', pid: process.pid };
    await writeFile(join(home, 'client.json'), JSON.stringify(client));
    await using cli = runvoy(['list'], { env: { RUNVOY_DATA_DIR: home } });
    expect(await cli.ended).toBe(0);
    expect(cli.stderr).toContain(`using the local server at ${server.url}\n`);
    expect(server.requests.at(-1)!.headers['x-api-key']).toBe('local');
  });

  test('the file of a server that is gone is not believed', async () => {
    const client = { api_endpoint: NOWHERE.url, api_key: 'local', admin_email: 'a@b', pid: process.pid };
    await writeFile(join(home, 'client.json'), JSON.stringify(client));
    await using cli = runvoy(['list'], { env: { RUNVOY_DATA_DIR: home } });
    expect(await cli.ended).toBe(1);
    expect(cli.stderr).toContain('no server is configured');
  });

  test('the environment goes before the config file, a profile is named', async () => {
    await mkdir(join(home, '.runvoy'));
    const profiles = `profiles:\n  other: { api_endpoint: "${server.url}", api_key: theirs }\n`;
    await writeFile(join(home, '.runvoy', 'config.yaml'), `api_endpoint: ${server.url}\napi_key: filed\n${profiles}`);
    await using filed = runvoy(['list'], { home });
    expect(await filed.ended).toBe(0);
    await using named = runvoy(['list', '--profile', 'other'], { home });
    expect(await named.ended).toBe(0);
    await using fromEnv = runvoy(['list'], { home, server });
    expect(await fromEnv.ended).toBe(0);
    expect(server.requests.map(({ headers }) => headers['x-api-key'])).toEqual(['filed', 'theirs', 'k']);
  });

  test('a claim is traded for a key, and the key is kept', async () => {
    await using cli = runvoy(['claim', `${server.url}/#claim=once`], { home });
    expect(await cli.ended).toBe(0);
    expect(server.saw('POST', '/claim/once')).toBe(true);
    await using list = runvoy(['list'], { home });
    expect(await list.ended).toBe(0);
    expect(server.requests.at(-1)!.headers['x-api-key']).toBe('rvy_claimed');
    await using other = await FakeServer.open();
    await using second = runvoy(['claim', `${other.url}/#claim=once`], { home });
    expect(await second.ended).toBe(1);
    expect(second.stderr).toContain('--profile NAME');
    expect(other.saw('POST', '/claim')).toBe(false);
  });

  test('the claim of a link goes to no other server than its own', async () => {
    await mkdir(join(home, '.runvoy'));
    await writeFile(join(home, '.runvoy', 'config.yaml'), `api_endpoint: ${server.url}\n`);
    await using filed = runvoy(['claim', `${NOWHERE.url}/#claim=T`], { home });
    expect(await filed.ended).toBe(1);
    expect(filed.stderr).toContain(`cannot reach ${NOWHERE.url}`);
    await using named = runvoy(['claim', `${NOWHERE.url}/#claim=T`], { home, server });
    expect(await named.ended).toBe(1);
    expect(server.requests).toEqual([]);
  });

  test('a server without TLS is told from one that is not there', async () => {
    await using cli = runvoy(['list', '--api-endpoint', server.url.replace('http:', 'https:')], { home });
    expect(await cli.ended).toBe(1);
    expect(cli.stderr).toMatch(/^runvoy: .* does not speak TLS; did you mean http:\/\/127\.0\.0\.1:\d+\?\n$/);
  });

  test('the command that starts a server names the data directory that was named', async () => {
    await using cli = runvoy(['local', 'login', '--data-dir', join(home, 'a b')]);
    expect(await cli.ended).toBe(1);
    expect(cli.stderr).toContain(`Start it: npm start -- --data-dir '${home}/a b'\n`);
    await using usual = runvoy(['local', 'login'], { home });
    expect(await usual.ended).toBe(1);
    expect(usual.stderr).toContain('Start it: npm start\n');
  });

  test('configure says whether the server knows the key', async () => {
    server.acceptedKey = 'good';
    await using bad = runvoy(['configure'], { home, input: `${server.url}/\nbad\n` });
    expect(await bad.ended).toBe(1);
    expect(bad.stderr).toContain('the key is NOT accepted: [401]');
    await using good = runvoy(['configure'], { home, input: `${server.url}/\ngood\n` });
    expect(await good.ended).toBe(0);
    expect(good.stderr).toContain('the key is accepted\n');
  });

  test('configure reads both lines from a pipe', async () => {
    await using cli = runvoy(['configure'], { home, input: `${server.url}/\nsecret\n` });
    expect(await cli.ended).toBe(0);
    await using list = runvoy(['list'], { home });
    expect(await list.ended).toBe(0);
    expect(server.requests.at(-1)!.headers['x-api-key']).toBe('secret');
  });

  test('version tells both versions', async () => {
    await using cli = runvoy(['version', '--json'], { server });
    expect(await cli.ended).toBe(0);
    expect(JSON.parse(cli.stdout)).toMatchObject({ client: expect.any(String), server: { version: '1.2.3' } });
  });
});

describe('mistakes', () => {
  test.each([
    [['list', '--nonsense'], 2],
    [['fly'], 2],
    [['run'], 125],
    [['run', '--timeout', 'soon', 'x'], 125],
    [['run', '--timeout', '-5', 'x'], 125],
    [['run', '-e', '1A=b', 'x'], 125],
    [['list', '--status', 'bogus'], 2],
    [[], 2],
  ])('%j exits with %d and without a stack', async (args, code) => {
    await using cli = runvoy(args, { server });
    expect(await cli.ended).toBe(code);
    expect(cli.stderr).not.toMatch(/^ {4}at /m);
    expect(server.requests).toEqual([]);
  });

  test('a status that does not exist is answered with those that do', async () => {
    await using cli = runvoy(['list', '--status', 'failed,bogus'], { server });
    expect(await cli.ended).toBe(2);
    expect(cli.stderr).toContain('starting, running, terminating, succeeded, failed, stopped');
  });

  test('--version needs no server', async () => {
    await using long = runvoy(['--version'], { server: NOWHERE });
    expect(await long.ended).toBe(0);
    expect(long.stdout).toMatch(/^client {4}\d+\.\d+\.\d+\n$/);
    await using short = runvoy(['-v'], { server: NOWHERE });
    expect(await short.ended).toBe(0);
    expect(short.stdout).toBe(long.stdout);
  });

  test.each([
    [['run', '--json', 'x'], 125, { status: 422, code: 'UNPROCESSABLE', message: 'No: refused', request_id: 'req1' }],
    [['list', '--json', '--nonsense'], 2, { code: 'USAGE' }],
    [['list', '--json', '--api-endpoint', NOWHERE.url], 1, { code: 'UNREACHABLE' }],
  ])('with --json %j tells its error as one object, and exits with %d', async (args, code, error) => {
    server.refusals = [422];
    await using cli = runvoy(args, { server });
    expect(await cli.ended).toBe(code);
    expect(JSON.parse(cli.stderr)).toMatchObject({ error });
    expect(cli.stdout).toBe('');
  });

  test("local reset deletes what is runvoy's and nothing else", async () => {
    const data = join(home, 'data');
    const elsewhere = join(home, 'elsewhere');
    for (const directory of ['runs/1', 'archive', 'supervisors', 'compile-cache', 'mine']) {
      await mkdir(join(data, directory), { recursive: true });
    }
    await mkdir(elsewhere);
    await writeFile(join(elsewhere, 'precious'), '');
    await symlink(elsewhere, join(data, 'runs', 'link'));
    for (const name of ['runvoy.sqlite', 'runvoy.sqlite-wal', 'server.log', 'notes.txt', 'mine/file']) {
      await writeFile(join(data, name), '');
    }
    await using first = runvoy(['--data-dir', data, 'local', 'reset', '--yes']);
    expect(await first.ended).toBe(0);
    expect(first.stderr).toContain("left there, because it is not runvoy's: mine, notes.txt\n");
    expect(await readdir(data)).toEqual(['mine', 'notes.txt']);
    expect(await readdir(join(data, 'mine'))).toEqual(['file']);
    expect(existsSync(join(elsewhere, 'precious'))).toBe(true);
    await using second = runvoy(['--data-dir', data, 'local', 'reset', '--yes']);
    expect(await second.ended).toBe(1);
    await rm(join(data, 'mine'), { recursive: true });
    await rm(join(data, 'notes.txt'));
    await writeFile(join(data, 'runvoy.sqlite'), '');
    await using third = runvoy(['--data-dir', data, 'local', 'reset', '--yes']);
    expect(await third.ended).toBe(0);
    expect(third.stderr).toBe(`deleted ${data}\n`);
    expect(existsSync(data)).toBe(false);
  });

  test('local reset leaves nothing of what a server makes', async () => {
    const data = join(home, 'data');
    await using running = runvoy(['--data-dir', data, 'local', '--port', '0'], { home });
    await running.says('runvoy is up');
    running.child.kill('SIGTERM');
    await running.ended;
    await using reset = runvoy(['--data-dir', data, 'local', 'reset', '--yes']);
    expect(await reset.ended).toBe(0);
    expect(reset.stderr).toBe(`deleted ${data}\n`);
  });

  test('local reset deletes nothing that does not look like a data directory, nor one in use', async () => {
    await writeFile(join(home, 'precious'), '');
    await using strange = runvoy(['--data-dir', home, 'local', 'reset', '--yes']);
    expect(await strange.ended).toBe(1);
    expect(strange.stderr).toContain('does not look like a data directory');
    const data = join(home, 'data');
    await mkdir(data);
    await writeFile(join(data, 'runvoy.sqlite'), '');
    await writeFile(join(data, 'server.json'), JSON.stringify({ pid: process.pid }));
    await using used = runvoy(['--data-dir', data, 'local', 'reset', '--yes']);
    expect(await used.ended).toBe(1);
    await writeFile(join(data, 'server.json'), '{}');
    await using no = runvoy(['--data-dir', data, 'local', 'reset'], { input: 'yes\n' });
    expect(await no.ended).toBe(1);
    await using yes = runvoy(['--data-dir', data, 'local', 'reset'], { input: 'reset\n' });
    expect(await yes.ended).toBe(0);
    expect(yes.stderr).toContain('deleted');
  });
});

describe('health', () => {
  test('shows the last scheduled report, and exits with 1 when it has errors', async () => {
    server.report = REPORT;
    await using good = runvoy(['health'], { server });
    expect(await good.ended).toBe(0);
    expect(good.stdout).toContain('scheduled');
    server.report = { ...REPORT, error_count: 2 };
    await using bad = runvoy(['health'], { server });
    expect(await bad.ended).toBe(1);
    expect(bad.stdout).toContain('2 errors');
  });

  test('reconciles when told, and prints the report as JSON', async () => {
    server.report = REPORT;
    await using cli = runvoy(['health', 'reconcile', '--json'], { server });
    expect(await cli.ended).toBe(0);
    expect(JSON.parse(cli.stdout)).toEqual({ ...REPORT, trigger: 'request' });
    expect(server.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(['POST /health/reconcile']);
  });

  test('exits with 1 when there is no report yet, and with 2 for another word', async () => {
    await using none = runvoy(['health'], { server });
    expect(await none.ended).toBe(1);
    await using wrong = runvoy(['health', 'now'], { server });
    expect(await wrong.ended).toBe(2);
    expect(wrong.stderr).toContain('health reconcile');
  });
});
