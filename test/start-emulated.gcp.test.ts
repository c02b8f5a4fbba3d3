import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { text as readText } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { whyNoEmulators } from '@runvoy/google-fakes';
import type { ReadyLine, RunAnswer } from '@runvoy/protocol';
import { WebSocket } from 'ws';
import { newDirectory, poll } from '../services/standalone/test/server.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const START = fileURLToPath(new URL('../tools/start-emulated.ts', import.meta.url));
const why = process.env['RUNVOY_REQUIRE_ALL'] === '1' ? undefined : whyNoEmulators();
const titled = (title: string) => `start:emulated ${title}${why === undefined ? '' : ` — skipped: ${why}`}`;
const emulated = why === undefined ? test : test.skip;

/** Living processes that carry this mark in their environment. */
function marked(mark: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const isZombie = /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
        return !isZombie && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(mark);
      } catch {
        return false;
      }
    });
}

/** The pid of the one process whose command line names this program and whose parent is that one. */
const childOf = (parent: number, main: string): number | undefined =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .find((pid) => {
      try {
        const ppid = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
        return ppid === parent && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(main);
      } catch {
        return false;
      }
    });

emulated(
  titled('prints the ready line when all is up, serves the console, and leaves nothing, running or on disk'),
  async () => {
    const home = newDirectory();
    const started = spawn(process.execPath, [START, '--json'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, HOME: home, TMPDIR: home },
    });
    try {
      const [line] = (await once(createInterface({ input: started.stdout }), 'line')) as [string];
      const ready = JSON.parse(line) as ReadyLine;
      expect(ready).toMatchObject({ pid: started.pid, admin_email: expect.stringContaining('@') });
      expect(readdirSync(ready.data_dir)).toContain('orchestrator-1.log');
      expect(ready.data_dir.startsWith(home)).toBe(true);
      const headers = { 'X-API-Key': ready.api_key! };
      for (const url of [ready.api_url, ready.console_url]) {
        expect((await fetch(`${url}/api/v1/images`, { headers })).status).toBe(200);
      }
      const page = await fetch(`${ready.console_url}/logs?execution_id=x`);
      expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<div id="root">')]);
      // As the page does it in a browser, which says where the page came from.
      const origin = new URL(ready.console_url).origin;
      const accepted = await fetch(`${ready.console_url}/api/v1/run`, {
        method: 'POST',
        headers: { ...headers, origin, 'content-type': 'application/json' },
        body: JSON.stringify({ command: 'echo from the console' }),
      });
      const run = (await accepted.json()) as RunAnswer;
      expect([accepted.status, run.view_url]).toEqual([202, expect.stringContaining(`${origin}/logs?`)]);
      const live = new WebSocket(run.websocket_url, 'runvoy.v2', { origin });
      const frames: string[] = [];
      live.on('message', (frame: Buffer) => frames.push(frame.toString('utf8')));
      await once(live, 'close');
      expect(frames.join('\n')).toContain('"text":"from the console"');
      // The services are told apart from other stacks on this machine by the home they were given.
      expect(marked(`HOME=${home}`).length).toBeGreaterThan(4);
      started.kill('SIGTERM');
      expect(await once(started, 'exit')).toEqual([0, null]);
      await poll(() => (marked(`HOME=${home}`).length === 0 ? true : undefined));
      expect(readdirSync(home).filter((name) => name.startsWith('runvoy-'))).toEqual([]);
    } finally {
      started.kill('SIGKILL');
    }
  },
  120_000,
);

emulated(
  titled('by npm prints one line alone, starts a service that was killed again, and ends with an emulator'),
  async () => {
    const home = newDirectory();
    const npm = spawn('npm', ['run', '-s', 'start:emulated', '--', '--json'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: home, TMPDIR: home },
    });
    let said = '';
    npm.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const says = (text: string) => poll(() => said.includes(text) || undefined);
    let pid: number | undefined;
    try {
      const [line] = (await once(createInterface({ input: npm.stdout }), 'line')) as [string];
      const ready = JSON.parse(line) as ReadyLine;
      pid = ready.pid;
      expect(ready.data_dir.startsWith(home)).toBe(true);
      const headers = { 'X-API-Key': ready.api_key! };
      process.kill(await poll(() => childOf(ready.pid, 'services/orchestrator')), 'SIGKILL');
      await says('took its place');
      expect((await fetch(`${ready.api_url}/api/v1/images`, { headers })).status).toBe(200);
      expect(said).toMatch(/orchestrator-\d+ ended by itself, by SIGKILL. The end of .*\.log:\n {2}\S/);
      process.kill(await poll(() => childOf(ready.pid, 'firestore')), 'SIGKILL');
      expect(await once(npm, 'exit')).toEqual([1, null]);
      await says(`Google's Firestore emulator ended, with all it held`);
      await says(`The logs of the services are in ${ready.data_dir}.`);
      await poll(() => (marked(`HOME=${home}`).length === 0 ? true : undefined));
    } finally {
      if (pid !== undefined && npm.exitCode === null) process.kill(pid, 'SIGTERM');
    }
  },
  180_000,
);

emulated(
  titled('says which port is taken before anything else is started, and leaves no directory behind'),
  async () => {
    const home = newDirectory();
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const started = spawn(process.execPath, [START, '--json', '--port', String(port)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: home },
    });
    const said = readText(started.stderr);
    expect(await once(started, 'close')).toEqual([1, null]);
    expect(await said).toBe(
      `runvoy: Port ${port} is taken on 127.0.0.1. Choose another with --port, or leave it out for one that is free.\n`,
    );
    expect(readdirSync(home)).toEqual([]);
    taken.close();
  },
);
