import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { status } from '@grpc/grpc-js';
import { describe, expect, test } from '@jest/globals';
import { named, whyNoContainers, whyNotRoot } from './containers-here.ts';
import { LOCATION, openRunWorld, scriptJob, SHELL_IMAGE, shortName, type RunWorld } from './run-world.ts';
import { until } from './until.ts';

const itRuns = (name: string, body: () => Promise<void>) =>
  (whyNoContainers ? test.skip : test)(named(name, whyNoContainers), body);

const JOB = `${LOCATION}/jobs/rv-a`;
const HOLDER = fileURLToPath(new URL('holds-a-container.ts', import.meta.url));

async function openWithJob(script = 'true'): Promise<RunWorld> {
  const world = await openRunWorld();
  await world.jobs.createJob({ parent: LOCATION, jobId: 'rv-a', job: scriptJob(script) ?? null });
  return world;
}

async function executions({ executions: client }: RunWorld) {
  return (await client.listExecutions({ parent: JOB }))[0];
}

describe('RunJob', () => {
  itRuns('answered UNAVAILABLE before acceptance has started nothing, and after it has started one', async () => {
    await using world = await openWithJob();
    world.fake.faults.calls.next({ method: 'RunJob', code: status.UNAVAILABLE });
    await expect(world.jobs.runJob({ name: JOB })).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(await executions(world)).toHaveLength(0);
    world.fake.faults.calls.next({ method: 'RunJob', code: status.UNAVAILABLE, afterwards: true });
    await expect(world.jobs.runJob({ name: JOB })).rejects.toMatchObject({ code: status.UNAVAILABLE });
    expect(await executions(world)).toHaveLength(1);
    expect(world.fake.calls.filter(({ method }) => method === 'RunJob')).toHaveLength(2);
  });

  itRuns('whose deadline passes has started the execution all the same', async () => {
    await using world = await openWithJob();
    const release = world.fake.faults.hold('RunJob');
    await expect(world.jobs.runJob({ name: JOB }, { timeout: 200 })).rejects.toMatchObject({
      code: status.DEADLINE_EXCEEDED,
    });
    release();
    expect(await executions(world)).toHaveLength(1);
  });

  itRuns('over the quota is RESOURCE_EXHAUSTED and starts nothing', async () => {
    await using world = await openRunWorld({ quota: { jobs: 10, runningExecutions: 1 }, startMs: 60_000 });
    await world.jobs.createJob({ parent: LOCATION, jobId: 'rv-a', job: scriptJob('true') ?? null });
    await world.jobs.runJob({ name: JOB });
    await expect(world.jobs.runJob({ name: JOB })).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect(await executions(world)).toHaveLength(1);
  });

  itRuns('called twice is two executions: it has no idempotency key', async () => {
    await using world = await openWithJob();
    await world.jobs.runJob({ name: JOB });
    await world.jobs.runJob({ name: JOB });
    expect(await executions(world)).toHaveLength(2);
  });

  itRuns('that only validates starts nothing', async () => {
    await using world = await openWithJob();
    await world.jobs.runJob({ name: JOB, validateOnly: true });
    expect(await executions(world)).toHaveLength(0);
  });

  itRuns('with an etag of yesterday is ABORTED', async () => {
    await using world = await openWithJob();
    await expect(world.jobs.runJob({ name: JOB, etag: '"old"' })).rejects.toMatchObject({ code: status.ABORTED });
  });
});

describe('an image', () => {
  itRuns('that has gone since the job was made fails the execution: nothing of it ever started', async () => {
    await using world = await openWithJob();
    world.fake.faults.images.set(SHELL_IMAGE, 'missing');
    const [operation] = await world.jobs.runJob({ name: JOB });
    await expect(operation.promise()).rejects.toThrow('not found');
    const [execution] = await executions(world);
    expect(execution).toMatchObject({ failedCount: 1, startTime: null, runningCount: 0 });
    expect(execution?.conditions).toContainEqual(
      expect.objectContaining({ type: 'ContainerReady', state: 'CONDITION_FAILED', reason: 'CONTAINER_MISSING' }),
    );
    const [[task]] = await world.tasks.listTasks({ parent: execution?.name ?? '' });
    expect(task?.lastAttemptResult).toMatchObject({ exitCode: 0, termSignal: 0 });
  });

  itRuns('that may not be read fails the execution with another reason', async () => {
    await using world = await openWithJob();
    world.fake.faults.images.set(SHELL_IMAGE, 'forbidden');
    const [operation] = await world.jobs.runJob({ name: JOB });
    await expect(operation.promise()).rejects.toThrow('permission to read the image');
    expect((await executions(world))[0]?.conditions).toContainEqual(
      expect.objectContaining({ type: 'ContainerReady', reason: 'CONTAINER_PERMISSION_DENIED' }),
    );
  });

  itRuns('that is slow to pull keeps the execution from starting so long', async () => {
    await using world = await openWithJob();
    world.fake.faults.images.set(SHELL_IMAGE, { pullMs: 300 });
    const [operation] = await world.jobs.runJob({ name: JOB });
    const { name } = operation.metadata as { name: string };
    expect((await world.executions.getExecution({ name }))[0].startTime).toBeNull();
    await world.fake.completed(shortName(name));
    const [{ createTime, startTime }] = await world.executions.getExecution({ name });
    const ms = (time: typeof createTime) => Number(time?.seconds) * 1000 + Number(time?.nanos) / 1e6;
    expect(ms(startTime) - ms(createTime)).toBeGreaterThanOrEqual(290);
  });
});

describe('the fake', () => {
  itRuns('leaves no process behind when it closes, whatever runs', async () => {
    const mark = `mark-${process.pid}-${Date.now()}`;
    const world = await openWithJob(
      `trap '' TERM; echo ready; (while :; do sleep 0.1; done) & exec -a ${mark} tail -f /dev/null`
        .replace('exec -a', 'bash -c "exec -a')
        .replace('/dev/null', '/dev/null"'),
    );
    await world.jobs.runJob({ name: JOB });
    await until('it to run', () => world.entries.some(({ textPayload }) => textPayload === 'ready'));
    await until('the marked process', () => processes().some((line) => line.includes(mark)));
    await world[Symbol.asyncDispose]();
    expect(processes().filter((line) => line.includes(mark))).toEqual([]);
  });

  for (const pids of ['separate', 'shared'] as const) {
    const why = pids === 'shared' ? whyNotRoot : whyNoContainers;
    (why ? test.skip : test)(
      named(`leaves no process behind when it is killed itself (processes ${pids})`, why),
      async () => {
        const mark = `killed-${pids}-${process.pid}-${Date.now()}`;
        // What a killed process cannot tidy, the test does.
        const folder = mkdtempSync(join(tmpdir(), 'killed-'));
        chmodSync(folder, 0o755);
        const holder = spawn(process.execPath, [HOLDER, mark, pids], {
          env: { ...process.env, TMPDIR: folder },
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        await once(holder.stdout, 'data');
        expect(processes().some((line) => line.includes(mark))).toBe(true);
        holder.kill('SIGKILL');
        await until('them to be gone', () => processes().every((line) => !line.includes(mark)));
        rmSync(folder, { recursive: true });
      },
    );
  }
});

function processes(): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      } catch {
        return '';
      }
    });
}
