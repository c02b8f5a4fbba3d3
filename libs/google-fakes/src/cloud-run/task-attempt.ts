import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startContainer, type ContainerEnd, type ContainerProcess } from '../containers/container-process.ts';
import { commandOf } from '../containers/image.ts';
import { loopbackAddress } from '../containers/loopback-address.ts';
import { holdPidNamespace, type PidNamespace } from '../containers/pid-namespace.ts';
import { tcpProbe } from '../containers/startup-probe.ts';
import type { Platform } from './platform.ts';
import type { LogContainer, LogSource, RunLog } from './run-log.ts';
import { millisOf, type Container, type TaskAttemptResult, type TaskTemplate } from './wire.ts';

/** How one attempt of one task ended. */
export type AttemptEnd = { succeeded: boolean; cancelled: boolean; message: string; result: TaskAttemptResult };

export type Attempt = {
  platform: Platform;
  log: RunLog;
  source: LogSource;
  template: TaskTemplate;
  taskIndex: number;
  taskCount: number;
  attempt: number;
  /** Set when the execution is cancelled. */
  cancel: AbortSignal;
  /** Set when the fake closes: everything dies at once. */
  close: AbortSignal;
  /** Container name -> how it is killed by the out-of-memory killer, while it runs. */
  running: Map<string, () => void>;
};

const MESSAGE = {
  exit: 'The container exited with an error.',
  timeout: 'The configured timeout was reached.',
  memory: 'The configured memory limit was reached.',
  probe: 'The user-provided container failed the configured startup probe checks.',
  start: 'The container failed to start.',
  cancel: 'The task was cancelled.',
} as const;
type Cause = keyof typeof MESSAGE | undefined;

/** Runs the containers of one attempt to the end. Afterwards no process of theirs is left and the volumes are gone. */
export async function runAttempt(attempt: Attempt): Promise<AttemptEnd> {
  const { platform, template, cancel, close } = attempt;
  const volumes = makeVolumes(template, platform.volumeMode);
  const pids = platform.pids === 'shared' ? await holdPidNamespace() : undefined;
  const task = new RunningTask(attempt, volumes.paths, pids);
  const onCancel = () => task.stop('cancel');
  const onClose = () => task.killAll();
  const timeout = setTimeout(() => task.stop('timeout'), millisOf(template.timeout ?? {}));
  cancel.addEventListener('abort', onCancel);
  close.addEventListener('abort', onClose);
  try {
    if (cancel.aborted) onCancel();
    return await task.run();
  } finally {
    clearTimeout(timeout);
    cancel.removeEventListener('abort', onCancel);
    close.removeEventListener('abort', onClose);
    pids?.release();
    volumes.remove();
  }
}

class RunningTask {
  readonly #attempt: Attempt;
  readonly #volumes: Record<string, string>;
  readonly #pids: PidNamespace | undefined;
  readonly #host = loopbackAddress();
  readonly #instanceId = randomBytes(32).toString('hex');
  readonly #containers = new Map<string, ContainerProcess>();
  readonly #ends = new Map<string, ContainerEnd>();
  readonly #over = Promise.withResolvers<void>();
  readonly #probing = new AbortController();
  /** Why the platform ended it; the first cause stands. */
  #cause: Cause;
  #killTimer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(attempt: Attempt, volumes: Record<string, string>, pids: PidNamespace | undefined) {
    this.#attempt = attempt;
    this.#volumes = volumes;
    this.#pids = pids;
  }

  async run(): Promise<AttemptEnd> {
    const { template } = this.#attempt;
    const ready = new Map<string, Promise<boolean>>();
    const starts = inOrder(template.containers).map((container) => {
      const before = container.dependsOn.map((name) => ready.get(name) ?? Promise.resolve(true));
      const started = Promise.all(before).then((all) => all.every(Boolean) && this.#start(container));
      ready.set(nameOf(container), started);
      return started;
    });
    await this.#over.promise;
    await Promise.all(starts);
    await Promise.all([...this.#containers.values()].map(({ ended }) => ended));
    clearTimeout(this.#killTimer);
    return this.#verdict();
  }

  /** SIGTERM to all, SIGKILL to those that are left after the grace. */
  stop(cause: Cause): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#cause = cause;
    this.#probing.abort();
    if (cause === 'timeout') this.#sayTimeout();
    for (const container of this.#containers.values()) container.signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.killAll(), this.#attempt.platform.killGraceMs);
    this.#over.resolve();
  }

  killAll(): void {
    this.stop(undefined);
    for (const container of this.#containers.values()) container.signal('SIGKILL');
  }

  /** Resolves to whether those that depend on it may start. */
  async #start(container: Container): Promise<boolean> {
    if (this.#stopping) return false;
    const env = await this.#envOf(container);
    const { platform, log, source, running } = this.#attempt;
    const image = platform.images[container.image];
    if (this.#stopping || !image) return false;
    const name = nameOf(container);
    const started = startContainer({
      image,
      env,
      command: commandOf(image, container.command, container.args),
      workdir: container.workingDir || image.workdir || '/',
      volumes: Object.fromEntries(
        container.volumeMounts.map(({ name: volume, mountPath }) => [mountPath, this.#volumes[volume] as string]),
      ),
      sharedPidsOf: this.#pids?.pid,
      output: (stream, line) => log.line(source, this.#speaker(name), stream, line),
    });
    this.#containers.set(name, started);
    running.set(name, () => {
      this.#cause ??= 'memory';
      log.system(source, this.#speaker(name), 'ERROR', memoryText(container));
      started.signal('SIGKILL');
    });
    void started.ended.then((end) => this.#ended(name, end));
    return container.startupProbe ? this.#probe(container, started) : true;
  }

  async #probe(container: Container, { ended }: ContainerProcess): Promise<boolean> {
    const probe = container.startupProbe ?? {};
    const periodMs = (probe.periodSeconds || 10) * 1000;
    const delayMs = (probe.initialDelaySeconds ?? 0) * 1000;
    const given = this.#attempt.platform.probePeriodMs ?? periodMs;
    const port = probe.tcpSocket?.port ?? 8080;
    const times = { delayMs, periodMs: given, timeoutMs: (probe.timeoutSeconds || 1) * 1000 };
    const failMs = periodMs * (probe.failureThreshold || 3);
    const answered = tcpProbe({ host: this.#host, port, ...times, failMs }, this.#probing.signal);
    // A container that ends before it answered starts nobody.
    const ok = await Promise.race([answered, ended.then(() => false)]);
    if (!ok && !this.#stopping && !this.#ends.has(nameOf(container))) this.stop('probe');
    return ok;
  }

  #ended(name: string, end: ContainerEnd): void {
    const { platform, template, log, source, running } = this.#attempt;
    running.delete(name);
    this.#ends.set(name, end);
    const text =
      'exitCode' in end
        ? `Container called exit(${end.exitCode}).`
        : 'signal' in end
          ? `Container terminated on signal ${end.signal}.`
          : `terminated: Application failed to start: ${end.startFailure}`;
    log.system(source, this.#speaker(name), failed(end) ? 'ERROR' : 'INFO', text);
    if ('startFailure' in end) this.#cause ??= 'start';
    const rule = platform.ends;
    const main =
      platform.mainContainer ??
      nameOf(template.containers.find(({ ports }) => ports.length > 0) ?? template.containers[0]);
    const unstarted = template.containers.length - this.#containers.size;
    const neverWill = unstarted > 0 && template.containers.some(({ dependsOn }) => dependsOn.includes(name));
    const allEnded = this.#ends.size === this.#containers.size && (unstarted === 0 || neverWill);
    // What depends on a container that is gone will never start.
    if (rule === 'any-exit' || allEnded || (rule === 'main-exit' && name === main) || (neverWill && failed(end))) {
      this.stop(this.#cause);
    }
  }

  #verdict(): AttemptEnd {
    const { platform, template, cancel } = this.#attempt;
    const cause = this.#cause;
    const ends = [...this.#ends.entries()];
    const main =
      platform.mainContainer ??
      nameOf(template.containers.find(({ ports }) => ports.length > 0) ?? template.containers[0]);
    const deciding =
      platform.ends === 'main-exit'
        ? (this.#ends.get(main) ?? ends[0]?.[1])
        : platform.ends === 'any-exit'
          ? ends[0]?.[1]
          : (ends.find(([, end]) => failed(end)) ?? ends[0])?.[1];
    const told =
      deciding && 'exitCode' in deciding
        ? { ...(deciding.exitCode !== 0 && { exitCode: deciding.exitCode }) }
        : deciding && 'signal' in deciding
          ? { termSignal: deciding.signal }
          : {};
    if (cause === 'cancel' || cancel.aborted) {
      return {
        succeeded: false,
        cancelled: true,
        message: MESSAGE.cancel,
        result: { status: { code: 1, message: MESSAGE.cancel }, ...told },
      };
    }
    if (!cause && deciding && !failed(deciding)) return { succeeded: true, cancelled: false, message: '', result: {} };
    const message = MESSAGE[cause ?? 'exit'];
    return { succeeded: false, cancelled: false, message, result: { status: { code: 10, message }, ...told } };
  }

  async #envOf({ env, name }: Container): Promise<Record<string, string>> {
    const { platform, source, template, taskIndex, taskCount, attempt } = this.#attempt;
    void name;
    return {
      ...Object.fromEntries(env.map((variable) => [variable.name, variable.value ?? ''])),
      CLOUD_RUN_JOB: source.job,
      CLOUD_RUN_EXECUTION: source.execution,
      CLOUD_RUN_TASK_INDEX: String(taskIndex),
      CLOUD_RUN_TASK_ATTEMPT: String(attempt),
      CLOUD_RUN_TASK_COUNT: String(taskCount),
      GCE_METADATA_HOST: await platform.metadataHost(template.serviceAccount ?? ''),
      [platform.loopbackVariable]: this.#host,
    };
  }

  #speaker(name: string): LogContainer {
    const { taskIndex, attempt } = this.#attempt;
    return { name, taskIndex, attempt, instanceId: this.#instanceId };
  }

  #sayTimeout(): void {
    const { log, source, template } = this.#attempt;
    const seconds = Math.round(millisOf(template.timeout ?? {}) / 1000);
    const text = `Terminating task because it has reached the maximum timeout of ${seconds} seconds. To change this limit, see https://cloud.google.com/run/docs/configuring/task-timeout`;
    log.system(source, this.#speaker(nameOf(template.containers[0])), 'ERROR', text);
  }
}

/** Those that others depend on first. */
function inOrder(containers: readonly Container[]): Container[] {
  const placed: Container[] = [];
  while (placed.length < containers.length) {
    const names = new Set(placed.map(nameOf));
    const next = containers.find((one) => !placed.includes(one) && one.dependsOn.every((name) => names.has(name)));
    if (!next) throw new Error('The containers depend on each other in a circle.');
    placed.push(next);
  }
  return placed;
}

function nameOf(container: Container | undefined): string {
  return container?.name || 'job-1';
}

function failed(end: ContainerEnd): boolean {
  return !('exitCode' in end) || end.exitCode !== 0;
}

function memoryText(container: Container): string {
  const limit = container.resources?.limits['memory'] ?? '512Mi';
  return `Memory limit of ${limit.replace(/i$/, 'iB')} exceeded. Consider increasing the memory limit, see https://cloud.google.com/run/docs/configuring/memory-limits`;
}

/** A directory for each volume; every container that mounts it sees the same one. */
function makeVolumes(template: TaskTemplate, mode: number): { paths: Record<string, string>; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'cloud-run-task-'));
  chmodSync(root, 0o755);
  const paths: Record<string, string> = {};
  for (const { name } of template.volumes) {
    const path = join(root, name);
    mkdirSync(path);
    chmodSync(path, mode);
    paths[name] = path;
  }
  return { paths, remove: () => rmSync(root, { recursive: true, force: true }) };
}
