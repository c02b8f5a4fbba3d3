import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { ExecutionStatusBody, RunRequest } from '@runvoy/protocol';
import { follow, texts } from './follower.ts';
import { skippedFor, whyNo } from './isolation-here.ts';
import { newDirectory, poll, startServer, type Server } from './server.ts';

// Real processes on a machine that may be busy with others.
jest.setTimeout(60_000);

const levels = [
  { level: 'bubblewrap', why: await whyNo('bubblewrap'), limits: 'memory and cpu are not limited' },
  { level: 'container', why: await whyNo('container'), limits: 'memory 2048 MiB, cpu 1, 512 processes' },
] as const;

interface World extends AsyncDisposable {
  readonly server: Server;
  readonly dataDir: string;
  readonly home: string;
  /** Runs to the end; answers with its lines and its status. */
  end(request: RunRequest | string): Promise<{ out: string[]; status: ExecutionStatusBody }>;
  /** Starts a run and waits for its line `begun`. */
  begin(request: RunRequest | string): Promise<string>;
}

async function openWorld(isolation: 'container' | 'bubblewrap' | 'process'): Promise<World> {
  const dataDir = newDirectory();
  const home = newDirectory();
  mkdirSync(join(home, '.runvoy'));
  writeFileSync(join(home, '.runvoy', 'config.yaml'), 'api_key: of-the-host-user\n');
  const env = { RUNVOY_LOCAL_ISOLATION: isolation, HOME: home, ONLY_THE_SERVER: 'of-the-server' };
  const server = await startServer({ dataDir, env });
  return {
    server,
    dataDir,
    home,
    async end(request) {
      const { execution_id, websocket_url } = await server.run(request);
      const followed = await follow(websocket_url).done;
      return { out: texts(followed), status: await server.finished(execution_id) };
    },
    async begin(request) {
      const { execution_id, websocket_url } = await server.run(request);
      await follow(websocket_url).line((line) => line.text === 'begun');
      return execution_id;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

for (const { level, why, limits } of levels) {
  const here = why === undefined ? describe : describe.skip;
  here(`a hostile command under ${level}${skippedFor(why)}`, () => {
    let world: World;
    let sibling: string;
    beforeAll(async () => {
      world = await openWorld(level);
      sibling = await world.begin('echo of-the-sibling > sibling-file; echo begun; exec sleep 1000');
    });
    afterAll(async () => {
      await world.server.call('DELETE', `/api/v1/executions/${sibling}`).catch(() => undefined);
      await world.server.finished(sibling);
      await world[Symbol.asyncDispose]();
    });

    const siblingStatus = async () =>
      (await world.server.call<ExecutionStatusBody>('GET', `/api/v1/executions/${sibling}/status`)).status;

    test('is named so, with its limits', async () => {
      const { execution_id } = await world.server.run('true');
      const status = await world.server.finished(execution_id);
      expect(status).toMatchObject({ status: 'SUCCEEDED', isolation: level });
      const logs = await world.server.call<{ events: { message: string }[] }>(
        'GET',
        `/api/v1/executions/${execution_id}/logs`,
      );
      expect(logs.events.map((event) => event.message).find((text) => text.includes('limits =>'))).toContain(limits);
    });

    test('finds no data directory, key, socket, home or workspace of a sibling, by name or by search', async () => {
      const supervisor = join(world.dataDir, 'runs', sibling, '1');
      const named = [
        world.dataDir,
        join(world.dataDir, 'runvoy.sqlite'),
        join(world.dataDir, 'vault-keys.json'),
        join(world.dataDir, 'signing-keys.json'),
        join(world.dataDir, 'client.json'),
        join(world.dataDir, 'intake.sock'),
        join(supervisor, 'spool.jsonl'),
        join(world.home, '.runvoy', 'config.yaml'),
        world.home,
        '/var/run/docker.sock',
        '/run/podman/podman.sock',
      ];
      const { out, status } = await world.end(
        `for path in ${named.join(' ')}; do
         for root in "" /proc/1/root /proc/2/root /proc/1/cwd /proc/2/cwd; do [ ! -e "$root$path" ] || echo "sees $root$path"; done
       done
       find / -path /usr -prune -o -name runvoy.sqlite -print -o -name intake.sock -print -o -name client.json -print -o -name sibling-file -print -o -name command.sh -print 2>/dev/null || true
       ls /home /root /var/lib /srv /mnt 2>/dev/null || true
       echo searched`,
      );
      expect(out).toEqual(['/run/runvoy/command.sh', 'searched']);
      expect(status.status).toBe('SUCCEEDED');
    });

    test('sees no process but its own: no environment, no memory, nobody to signal', async () => {
      const { supervisor, server } = { supervisor: supervisorPid(world, sibling), server: world.server.process.pid! };
      const { out } = await world.end(
        `cat /proc/[0-9]*/comm | sort -u | tr '\\n' ' '; echo
       cat /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n' | grep -e ONLY_THE_SERVER -e RUNVOY_ | grep -v -x -e RUNVOY=true -e "RUNVOY_EXECUTION_ID=$RUNVOY_EXECUTION_ID" || true
       for pid in ${supervisor} ${server}; do
         if [ "$(cat /proc/$pid/comm 2>/dev/null)" = node ] || [ "$(cat /proc/$pid/comm 2>/dev/null)" = MainThread ]; then echo "sees $pid"; fi
       done
       grep -h -e CapEff -e CapBnd -e NoNewPrivs /proc/self/status
       unshare -Ur true 2>/dev/null && echo "has namespaces" || true
       mount -t tmpfs none /tmp 2>/dev/null && echo "mounts" || true
       echo looked`,
      );
      expect(out[0]).not.toMatch(/node|MainThread|sleep/);
      expect(out.slice(1)).toEqual([
        'CapEff:\t0000000000000000',
        'CapBnd:\t0000000000000000',
        'NoNewPrivs:\t1',
        // Podman's own filter of system calls takes these, docker's does not: they give a command nothing but its own.
        ...(level === 'container' && out.includes('has namespaces') ? ['has namespaces'] : []),
        'looked',
      ]);
    });

    test('reads no memory and no environment of supervisor, server or sibling by their numbers outside', async () => {
      const pids = [supervisorPid(world, sibling), world.server.process.pid!, ...siblingPids(sibling)];
      const { out } = await world.end(
        `for pid in ${pids.join(' ')}; do
         grep -a -c -e ONLY_THE_SERVER -e of-the-sibling -e RUNVOY_DATA_DIR /proc/$pid/environ /proc/$pid/cmdline 2>/dev/null | grep -v ':0$' || true
         head -c 1 /proc/$pid/mem 2>/dev/null && echo "reads $pid" || true
         kill -9 $pid 2>/dev/null && echo "signals $pid" || true
       done; echo looked`,
      );
      expect(out.filter((line) => line.startsWith('reads'))).toEqual([]);
      expect(out.at(-1)).toBe('looked');
      expect(await siblingStatus()).toBe('RUNNING');
    });

    test('that signals everybody it can reach ends itself alone', async () => {
      const { status } = await world.end('kill -9 -1; sleep 1000');
      expect(status).toMatchObject({ status: 'FAILED', exit_code: 137 });
      expect(await siblingStatus()).toBe('RUNNING');
    });

    test('that prints perfect batches and ends, for itself and for another, has printed text', async () => {
      const message = (id: string, kind: string) =>
        JSON.stringify({
          runvoy: kind,
          execution_id: id,
          attempt: 1,
          body: { cause: 'exited', exit_code: 0, lines: 1 },
        });
      const printed = [message(sibling, 'logs'), message(sibling, 'finished')];
      const { out, status } = await world.end(
        `printf '%s\\n' '${printed.join("' '")}' "{\\"runvoy\\":\\"finished\\",\\"execution_id\\":\\"$RUNVOY_EXECUTION_ID\\",\\"attempt\\":1}"; exit 3`,
      );
      expect(out.slice(0, 2)).toEqual(printed);
      expect(out).toHaveLength(3);
      expect(status).toMatchObject({ status: 'FAILED', exit_code: 3 });
      expect(await siblingStatus()).toBe('RUNNING');
    });

    test('fills no disk: wherever it can write, memory of a limited size is what it gets', async () => {
      const { out, status } = await world.end(
        `for path in / /usr /etc /dev /dev/shm /run /run/runvoy /var /tmp /workspace; do
         (head -c 2000000000 /dev/zero > "$path/flood") 2>/dev/null || true
         [ ! -e "$path/flood" ] || echo "$path $(($(stat -c %s "$path/flood") / 1048576))"
         rm -f "$path/flood"
       done`,
      );
      expect(status.status).toBe('SUCCEEDED');
      expect(out.filter((line) => line.startsWith('/'))).toEqual([
        '/dev/shm 16',
        '/run/runvoy 15',
        '/tmp 256',
        '/workspace 1024',
      ]);
      expect(Number(execFileSync('du', ['-sm', world.dataDir], { encoding: 'utf8' }).split('\t')[0])).toBeLessThan(100);
    });

    test('that forks without end is held at its limit, leaves the server usable, and ends with its time, all of it', async () => {
      const word = `bomb-${level}-${process.pid}`;
      const { execution_id } = await world.server.run({
        command: `bomb() { sh -c 'sleep 1000; : ${word}' & bomb | bomb & }; bomb 2>/dev/null; while :; do sleep 1000; done 2>/dev/null`,
        timeout: 6,
        grace: 1,
      });
      const crowd = await poll(() => (bearersOf(word).length > 100 ? bearersOf(word).length : undefined));
      expect(crowd).toBeLessThanOrEqual(512);
      const asked = Date.now();
      await world.server.call('GET', '/api/v1/health');
      expect(Date.now() - asked).toBeLessThan(5_000);
      expect(await world.server.finished(execution_id)).toMatchObject({ status: 'FAILED', reason: 'timeout' });
      expect(bearersOf(word)).toEqual([]);
      expect(await siblingStatus()).toBe('RUNNING');
    });

    test('does not outlive its stop, whatever it ignores, leaves or forks', async () => {
      const word = `outlives-${level}-${process.pid}`;
      const deaf = `trap "" TERM; while :; do sleep 0.1; done; : ${word}`;
      const { execution_id, websocket_url } = await world.server.run({
        command: `trap '' TERM HUP INT; for i in 1 2 3; do env -i setsid sh -c '${deaf}' & done; echo begun; ${deaf}`,
        grace: 1,
      });
      await follow(websocket_url).line((line) => line.text === 'begun');
      await poll(() => (bearersOf(word).length >= 3 ? true : undefined));
      await world.server.call('DELETE', `/api/v1/executions/${execution_id}`);
      const status = await world.server.finished(execution_id);
      expect(bearersOf(word)).toEqual([]);
      expect(status).toMatchObject({ status: 'STOPPED', exit_code: 130 });
      expect(status.cancel!.confirmed).toBeDefined();
    });

    test('of a run without network reaches nothing, not even this machine', async () => {
      const port = new URL(world.server.ready.api_url).port;
      const { out, status } = await world.end({
        command: `cat /proc/net/dev | grep -c : ; bash -c 'echo > /dev/tcp/127.0.0.1/${port}' 2>/dev/null && echo reached || echo alone`,
        network: 'none',
      });
      expect(out).toEqual(['1', 'alone']);
      expect(status).toMatchObject({ status: 'SUCCEEDED', network: 'none' });
    });
  });
}

/** Processes of this machine whose arguments hold that word. */
function bearersOf(word: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(`: ${word}`) && !isZombie(pid);
    } catch {
      return false;
    }
  });
}

const isZombie = (pid: string) => /^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));

/** The processes of a run, found from outside by its marker. */
function siblingPids(id: string): number[] {
  return readdirSync('/proc')
    .filter((pid) => {
      if (!/^\d+$/.test(pid)) return false;
      try {
        return readFileSync(`/proc/${pid}/environ`, 'latin1').includes(`RUNVOY_EXECUTION_ID=${id}`);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function supervisorPid(world: World, id: string): number {
  const path = join(world.dataDir, 'runs', id, '1', 'supervisor.json');
  return (JSON.parse(readFileSync(path, 'utf8')) as { pid: number }).pid;
}

describe('a command with isolation process', () => {
  test('reads the data directory, the home and the supervisor, exactly as docs/isolation.md says', async () => {
    await using world = await openWorld('process');
    const { out } = await world.end(
      `cat ${join(world.dataDir, 'client.json')} | grep -c api_key
       cat ${join(world.home, '.runvoy', 'config.yaml')}
       tr '\\0' '\\n' < /proc/$PPID/environ | grep -c PATH
       echo changed >> ${join(world.dataDir, 'changed')}
       kill -0 $PPID && echo "may signal"`,
    );
    expect(out).toEqual(['1', 'api_key: of-the-host-user', '1', 'may signal']);
    expect(readFileSync(join(world.dataDir, 'changed'), 'utf8')).toBe('changed\n');
  });
});

describe('a start that finds less isolation than an earlier one', () => {
  test('is refused, says what is missing, and goes on when less is accepted by name', async () => {
    const dataDir = newDirectory();
    const first = await startServer({ dataDir, env: { RUNVOY_LOCAL_ISOLATION: 'process' } });
    await first.stop();
    writeFileSync(join(dataDir, 'isolation.json'), '{"level":"bubblewrap"}');
    // The same machine without bubblewrap.
    const PATH = newDirectory();
    for (const tool of ['mkfifo', 'sh']) symlinkSync(`/usr/bin/${tool}`, join(PATH, tool));
    const env = { PATH, RUNVOY_LOCAL_ISOLATION: 'auto' };
    await expect(startServer({ dataDir, env })).rejects.toThrow(
      /were kept apart by bubblewrap, which does not work here now \(.*bubblewrap could not be started.*RUNVOY_LOCAL_ISOLATION=process/,
    );
    await using server = await startServer({
      dataDir,
      env: { ...env, RUNVOY_LOCAL_ISOLATION: 'process' },
      key: first.key,
    });
    const { execution_id } = await server.run('true');
    expect(await server.finished(execution_id)).toMatchObject({ isolation: 'process' });
  });
});
