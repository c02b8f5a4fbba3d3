import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CLI_MAIN, newDirectory, startServer, type Server } from './server.ts';

const runFile = promisify(execFile);

let directory = '';
let server: Server;
const at = (name: string) => join(directory, name);

interface Answered {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function cli(...args: string[]): Promise<Answered> {
  const env = {
    PATH: process.env['PATH'],
    HOME: directory,
    RUNVOY_API_ENDPOINT: server.ready.api_url,
    RUNVOY_API_KEY: server.key,
  };
  return runFile(process.execPath, [CLI_MAIN, ...args], { cwd: directory, env }).then(
    (output) => ({ code: 0, ...output }),
    (failed: Answered) => failed,
  );
}

describe('playbooks, labels and traces, from the command line', () => {
  beforeAll(async () => {
    directory = newDirectory();
    server = await startServer({ dataDir: at('data') });
    mkdirSync(at('.runvoy'));
    writeFileSync(
      at('.runvoy/greet.yml'),
      `description: greets
commands:
  - printf '%s\\n' "$NAME"
  - printf '%s\\n' "$TIMES"
labels: {kind: greeting}
parameters:
  - {name: name, type: string, required: true}
  - {name: times, type: integer, minimum: 1, maximum: 3, default: 2}
`,
    );
    writeFileSync(at('.runvoy/here.yml'), 'commands: [echo one, echo "$SIZE", exit 3]\nenv: {SIZE: 8080}\n');
  }, 60_000);
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  test('a file of runvoy’s form runs as it lies here, with the exit code of its command', async () => {
    const { code, stdout, stderr } = await cli('playbook', 'run', 'here', '-e', 'SIZE=9090');
    expect([code, stdout]).toEqual([3, 'one\n9090\n']);
    expect(stderr).toContain('runvoy: playbook here from .runvoy/here.yml');
  });

  test('a file becomes a playbook of the server, and a value with a shell in it stays a value', async () => {
    expect((await cli('playbook', 'create', 'greet')).stderr).toBe('playbook greet is at version 1\n');
    const canary = at('canary');
    const name = `"; touch ${canary}; $(touch ${canary}) \`touch ${canary}\` ' && touch ${canary} #`;
    const run = await cli('playbook', 'run', 'greet', '--server', '--param', `name=${name}`);
    expect([run.code, run.stdout]).toEqual([0, `${name}\n2\n`]);
    expect(run.stderr).toContain('runvoy: playbook greet, version 1, of ');
    expect(existsSync(canary)).toBe(false);
    const refused = await cli('playbook', 'run', 'greet', '--server', '--param', 'name=x', '--param', 'times=4');
    expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining('parameter times has to be')]);
    const local = await cli('playbook', 'run', 'greet');
    expect([local.code, local.stderr]).toEqual([125, expect.stringContaining('--server runs that')]);
  });

  test('a changed file is the next version, and the one before can still be run', async () => {
    writeFileSync(at('changed.yml'), 'commands: [echo new]\n');
    expect((await cli('playbook', 'update', 'greet', '--file', 'changed.yml')).stderr).toContain('at version 2');
    expect((await cli('playbook', 'run', 'greet', '--server')).stdout).toBe('new\n');
    expect((await cli('playbook', 'run', 'greet', '--version', '1', '--param', 'name=ann')).stdout).toBe('ann\n2\n');
    expect((await cli('playbook', 'show', 'greet', '--version', '1')).stdout).toContain('name: times');
    expect((await cli('playbook', 'versions', 'greet')).stdout.split('\n')).toHaveLength(4);
    const { stdout } = await cli('playbook', 'list');
    expect(stdout).toMatch(/^greet +\.runvoy\/greet\.yml +greets$/m);
    expect(stdout).toMatch(/^greet +server +2$/m);
  });

  test('runs are found by what they carry, page by page, and a request by its id', async () => {
    for (const nth of ['1', '2', '3'])
      await cli('run', '--detach', '--label', `nth=${nth}`, '--label', 'set=a', 'true');
    const list = async (...args: string[]) => {
      const { stdout, stderr } = await cli('list', '--json', '--label', 'set=a', ...args);
      return { runs: JSON.parse(stdout) as { labels: { nth: string }; created_by_request_id: string }[], stderr };
    };
    const first = await list('--limit', '2');
    expect(first.runs.map(({ labels }) => labels.nth)).toEqual(['3', '2']);
    const cursor = /^older ones: --cursor (\S+)$/m.exec(first.stderr)?.[1] ?? '';
    // The cursor belongs to the options that it came with.
    const foreign = await cli('list', '--label', 'nth=1', '--cursor', cursor);
    expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('page token')]);
    expect((await list('--limit', '2', '--cursor', cursor)).runs.map(({ labels }) => labels.nth)).toEqual(['1']);
    const traced = await cli('trace', first.runs[0]!.created_by_request_id);
    expect(traced.stdout).toContain(`${server.ready.admin_email} asked for this run`);
    expect((await cli('trace', 'f'.repeat(32))).stderr).toContain('nothing carries this id');
  });
});
