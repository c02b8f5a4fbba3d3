import { mkdirSync, mkdtempSync, readFileSync, rmSync, copyFileSync, existsSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TaskEndRule } from '@runvoy/google-fakes';
import { named, whyNoContainers, whyNotRoot } from './containers-here.ts';
import { JOB_ACCOUNT, openRunWorld, runNew, SHELL_IMAGE, shortName, type JobSpec, type RunWorld } from './run-world.ts';
import { until } from './until.ts';

const itRuns = (name: string, body: () => Promise<void>) =>
  (whyNoContainers ? test.skip : test)(named(name, whyNoContainers), body);
const itRunsAsRoot = (name: string, body: () => Promise<void>) =>
  (whyNotRoot ? test.skip : test)(named(name, whyNotRoot), body);

const volume = { name: 'shared', emptyDir: { medium: 'MEMORY' as const } };
const mount = [{ name: 'shared', mountPath: '/shared' }];
/** Opens its probe port when `/shared/open` is there, and accepts until it is killed. */
const PROBE = `bash -c 'exec python3 -c "
import os, socket, time
while not os.path.exists(\\"/shared/open\\"): time.sleep(0.02)
s = socket.create_server((os.environ[\\"RUNVOY_PROBE_HOST\\"], 8089))
while True: s.accept()[0].close()
"'`;

/** A sidecar that opens its port at once, runs `then`, and exits. */
function sidecarScript(then: string): string {
  return `touch /shared/open; ${PROBE} & while [ ! -e /shared/go ]; do sleep 0.02; done; ${then}`;
}

function pair(sidecar: string, runner: string, images: { sidecar?: string; runner?: string } = {}): JobSpec {
  const startupProbe = { tcpSocket: { port: 8089 }, periodSeconds: 1, failureThreshold: 30, timeoutSeconds: 1 };
  const containers = [
    { name: 'sidecar', image: images.sidecar ?? SHELL_IMAGE, args: [sidecar], volumeMounts: mount, startupProbe },
    {
      name: 'runner',
      image: images.runner ?? SHELL_IMAGE,
      args: [runner],
      volumeMounts: mount,
      dependsOn: ['sidecar'],
    },
  ];
  return { template: { template: { containers, volumes: [volume], maxRetries: 0, serviceAccount: JOB_ACCOUNT } } };
}

async function endOf(world: RunWorld, job: JobSpec) {
  const name = await runNew(world, 'rv-pair', job);
  await world.fake.completed(shortName(name));
  const [execution] = await world.executions.getExecution({ name });
  const [[task]] = await world.tasks.listTasks({ parent: name });
  return { execution, result: task?.lastAttemptResult };
}

/** Volumes of tasks, also of those that another test runs or left. */
function volumesMounted(): string[] {
  return readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .filter((line) => line.includes('cloud-run-task-'));
}

function linesOf({ entries }: RunWorld, container: string): string[] {
  return entries
    .filter(({ labels, logName }) => labels?.['container_name'] === container && logName.endsWith('stdout'))
    .map(({ textPayload }) => textPayload ?? '');
}

describe('a container that depends on another', () => {
  itRuns('starts when the probe port of the other accepts, and not before', async () => {
    await using world = await openRunWorld();
    const sidecar = `echo prepared > /shared/file; ${sidecarScript('exit 0')}`;
    const { execution } = await endOf(world, pair(sidecar, 'cat /shared/file; touch /shared/go'));
    expect(linesOf(world, 'runner')).toEqual(['prepared']);
    expect(execution).toMatchObject({ succeededCount: 1 });
  });

  itRuns('never starts when the probe fails, and the task says so', async () => {
    await using world = await openRunWorld();
    const job = pair('sleep 30', 'echo never');
    const containers = job?.template?.template?.containers ?? [];
    containers[0]!.startupProbe = { tcpSocket: { port: 8089 }, periodSeconds: 1, failureThreshold: 1 };
    const { execution, result } = await endOf(world, job);
    expect(execution).toMatchObject({ failedCount: 1 });
    expect(result?.status?.message).toContain('startup probe');
    expect(linesOf(world, 'runner')).toEqual([]);
  });

  itRuns('never starts when the other exits with an error before it is ready', async () => {
    await using world = await openRunWorld();
    const { result } = await endOf(world, pair('exit 9', 'echo never'));
    expect(result).toMatchObject({ exitCode: 9 });
    expect(linesOf(world, 'runner')).toEqual([]);
  });
});

describe('a task of two containers', () => {
  // Who exits first, with which codes; and what each rule makes of it.
  const RUNNER_FIRST = pair(sidecarScript('sleep 0.3; exit 0'), 'touch /shared/go; exit 5');
  const SIDECAR_FIRST = pair(sidecarScript('exit 0'), 'touch /shared/go; sleep 0.3; exit 5');
  (whyNoContainers ? test.skip : test).each<
    [TaskEndRule, string | undefined, string, JobSpec, { exitCode: number; failed: number }]
  >([
    ['any-exit', undefined, 'runner', RUNNER_FIRST, { exitCode: 5, failed: 1 }],
    ['any-exit', undefined, 'sidecar', SIDECAR_FIRST, { exitCode: 0, failed: 0 }],
    ['all-exit', undefined, 'runner', RUNNER_FIRST, { exitCode: 5, failed: 1 }],
    ['all-exit', undefined, 'sidecar', SIDECAR_FIRST, { exitCode: 5, failed: 1 }],
    ['main-exit', undefined, 'runner', RUNNER_FIRST, { exitCode: 0, failed: 0 }],
    ['main-exit', 'runner', 'sidecar', SIDECAR_FIRST, { exitCode: 5, failed: 1 }],
  ])(
    named('under %s (main %s) that the %s leaves first', whyNoContainers),
    async (ends, mainContainer, _first, job, { exitCode, failed }) => {
      await using world = await openRunWorld({ ends, ...(mainContainer && { mainContainer }) });
      const { execution, result } = await endOf(world, job);
      expect(execution).toMatchObject({ failedCount: failed, succeededCount: 1 - failed });
      expect(result?.exitCode ?? 0).toBe(exitCode);
    },
  );

  itRuns('that has ended leaves nothing of the other container: SIGTERM, then SIGKILL', async () => {
    await using world = await openRunWorld({ ends: 'any-exit', killGraceMs: 200 });
    const stubborn = sidecarScript(`trap 'echo "got SIGTERM"' TERM; while :; do sleep 0.02; done`);
    await endOf(world, pair(stubborn, 'touch /shared/go; sleep 0.2; exit 0'));
    expect(linesOf(world, 'sidecar')).toContain('got SIGTERM');
    const said = world.entries
      .filter(({ logName }) => logName.endsWith('system'))
      .map(({ textPayload }) => textPayload);
    expect(said).toContain('Container terminated on signal 9.');
  });

  for (const pids of ['separate', 'shared'] as const) {
    const itCancels = pids === 'shared' ? itRunsAsRoot : itRuns;
    itCancels(`of ${pids} processes hears a cancel in every container while it runs`, async () => {
      await using world = await openRunWorld({ pids, killGraceMs: 60_000 });
      const tidy = (name: string) => `trap 'echo "${name} got SIGTERM"; exit 0' TERM`;
      const runner = `${tidy('runner')}; echo ready; while :; do sleep 0.02; done`;
      const job = pair(`${tidy('sidecar')}; ${sidecarScript('exit 0')}`, runner);
      const name = await runNew(world, 'rv-pair', job);
      await until('the runner', () => linesOf(world, 'runner').includes('ready'));
      await world.executions.cancelExecution({ name });
      await world.fake.completed(shortName(name));
      expect(linesOf(world, 'sidecar')).toEqual(['sidecar got SIGTERM']);
      expect(linesOf(world, 'runner')).toEqual(['ready', 'runner got SIGTERM']);
    });
  }

  for (const taken of ['sidecar', 'runner']) {
    itRuns(`fails when the ${taken} is taken by the out-of-memory killer, and the system log says so`, async () => {
      await using world = await openRunWorld({ ends: 'any-exit' });
      const name = await runNew(world, 'rv-pair', pair(sidecarScript('exit 0'), 'echo ready; sleep 30'));
      await until('the runner', () => linesOf(world, 'runner').includes('ready'));
      world.fake.runOutOfMemory(shortName(name), taken);
      await world.fake.completed(shortName(name));
      const [[task]] = await world.tasks.listTasks({ parent: name });
      expect(task?.lastAttemptResult).toMatchObject({
        termSignal: 9,
        status: { message: 'The configured memory limit was reached.' },
      });
      const said = world.entries.find(({ textPayload }) => textPayload?.startsWith('Memory limit of'));
      expect(said).toMatchObject({ severity: 'ERROR', labels: { container_name: taken } });
    });
  }

  itRunsAsRoot('has a volume of the size that the job gave it, and each container finds it full', async () => {
    const before = volumesMounted();
    await using world = await openRunWorld({ volumes: 'tmpfs' });
    const fill = 'head -c 2000000 /dev/zero > /shared/fill; stat -c %s /shared/fill';
    const job = pair(
      sidecarScript('exit 0'),
      `${fill}; echo more > /shared/more || echo full; rm /shared/fill; touch /shared/go`,
    );
    job!.template!.template!.volumes = [{ name: 'shared', emptyDir: { medium: 'MEMORY', sizeLimit: '1Mi' } }];
    const { execution } = await endOf(world, job);
    expect(execution).toMatchObject({ succeededCount: 1 });
    expect(linesOf(world, 'runner')).toEqual(['1048576', 'full']);
    expect(before).toEqual(expect.arrayContaining(volumesMounted()));
  });

  itRuns('sees the processes of one container only, unless they are shared', async () => {
    await using world = await openRunWorld();
    await endOf(world, pair(sidecarScript('exit 0'), 'touch /shared/go; for p in /proc/[0-9]*; do cat $p/comm; done'));
    expect(linesOf(world, 'runner')).not.toContain('python3');
  });

  itRunsAsRoot('sees the processes of all its containers and no others when they are shared', async () => {
    await using world = await openRunWorld({ pids: 'shared' });
    const { execution } = await endOf(
      world,
      pair(sidecarScript('exit 0'), 'for p in /proc/[0-9]*; do cat $p/comm 2>/dev/null; done; touch /shared/go'),
    );
    expect(execution).toMatchObject({ succeededCount: 1 });
    expect(linesOf(world, 'runner')).toContain('python3');
    expect(linesOf(world, 'runner')).not.toContain('node');
  });

  itRuns(
    'gets the variables of the platform, the account of the job by its metadata server, and nothing of ours',
    async () => {
      await using world = await openRunWorld();
      process.env['RUNVOY_TEST_SECRET_OF_THE_MACHINE'] = 'x';
      const ask = `python3 -c "
import os, urllib.request
url = 'http://' + os.environ['GCE_METADATA_HOST'] + '/computeMetadata/v1/instance/service-accounts/default/email'
print(urllib.request.urlopen(urllib.request.Request(url, headers={'Metadata-Flavor': 'Google'})).read().decode())
"`;
      await endOf(world, pair(sidecarScript('exit 0'), `${ask}; env; touch /shared/go`));
      delete process.env['RUNVOY_TEST_SECRET_OF_THE_MACHINE'];
      const lines = linesOf(world, 'runner');
      expect(lines[0]).toBe(JOB_ACCOUNT);
      const names = lines.slice(1).map((line) => line.split('=')[0]);
      const platform = ['JOB', 'EXECUTION', 'TASK_INDEX', 'TASK_ATTEMPT', 'TASK_COUNT'].map(
        (name) => `CLOUD_RUN_${name}`,
      );
      expect(names).toEqual(expect.arrayContaining([...platform, 'PATH', 'HOME']));
      expect(names).not.toContain('RUNVOY_TEST_SECRET_OF_THE_MACHINE');
    },
  );
});

describe('an image', () => {
  let rootfs: string;
  beforeAll(() => {
    rootfs = mkdtempSync(join(tmpdir(), 'image-'));
    chmodSync(rootfs, 0o755);
    mkdirSync(join(rootfs, 'bin'));
    if (existsSync('/usr/bin/busybox')) copyFileSync('/usr/bin/busybox', join(rootfs, 'bin/busybox'));
  });
  afterAll(() => rmSync(rootfs, { recursive: true }));

  const whyNoBusybox = whyNoContainers ?? (existsSync('/usr/bin/busybox') ? undefined : 'no busybox on this machine');
  (whyNoBusybox ? test.skip : test)(
    named('of its own file system shows nothing of the machine, not even a shell', whyNoBusybox),
    async () => {
      await using world = await openRunWorld({
        images: {
          [SHELL_IMAGE]: { rootfs: 'host', entrypoint: ['/bin/sh', '-c'] },
          bare: { rootfs, entrypoint: ['/bin/busybox'] },
        },
      });
      const containers = [
        {
          name: 'main',
          image: 'bare',
          args: ['sh', '-c', 'for d in /*; do echo $d; done; /bin/busybox ls /bin'],
        },
      ];
      await endOf(world, { template: { template: { containers, maxRetries: 0 } } });
      const lines = linesOf(world, 'main');
      expect(lines).toContain('busybox');
      expect(lines).not.toContain('/usr');
      expect(lines).not.toContain('sh');
    },
  );

  itRuns('without the program that it should start fails its task', async () => {
    await using world = await openRunWorld();
    const containers = [{ name: 'main', image: SHELL_IMAGE, command: ['/no/such/program'] }];
    const { result } = await endOf(world, { template: { template: { containers, maxRetries: 0 } } });
    expect(result?.status?.message).toBe('The container failed to start.');
  });

  itRuns('whose root file system is not there fails its task, and says why', async () => {
    await using world = await openRunWorld({ images: { lost: { rootfs: '/no/such/directory' } } });
    const containers = [{ name: 'main', image: 'lost', command: ['/x'] }];
    const { result } = await endOf(world, { template: { template: { containers, maxRetries: 0 } } });
    expect(result?.status?.message).toBe('The container failed to start.');
    expect(world.entries.map(({ textPayload }) => textPayload)).toContainEqual(
      expect.stringContaining('/no/such/directory'),
    );
  });

  for (const user of [0, 1000, 65_532]) {
    itRunsAsRoot(`of user ${user} runs as that user, whose files belong to it also outside`, async () => {
      await using world = await openRunWorld({
        images: {
          [SHELL_IMAGE]: { rootfs: 'host', entrypoint: ['/bin/sh', '-c'] },
          theirs: { rootfs: 'host', entrypoint: ['/bin/sh', '-c'], user },
        },
      });
      const runner =
        'id -u; echo mine > /shared/mine; chmod 600 /shared/mine; cat /shared/secret 2>&1; touch /shared/go';
      const sidecar = `umask 077; echo theirs > /shared/secret; ${sidecarScript('stat -c %u /shared/mine')}`;
      const { execution } = await endOf(world, pair(sidecar, runner, { runner: 'theirs' }));
      expect(execution).toMatchObject({ succeededCount: 1 });
      expect(linesOf(world, 'sidecar')).toEqual([String(user)]);
      const second = user === 0 ? 'theirs' : expect.stringContaining('Permission denied');
      expect(linesOf(world, 'runner')).toEqual([String(user), second]);
    });
  }
});
