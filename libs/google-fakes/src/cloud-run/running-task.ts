import { randomBytes } from 'node:crypto';
import { startContainer, type ContainerEnd, type ContainerProcess } from '../containers/container-process.ts';
import { commandOf } from '../containers/image.ts';
import { loopbackAddress } from '../containers/loopback-address.ts';
import type { PidNamespace } from '../containers/pid-namespace.ts';
import { tcpProbe } from '../containers/startup-probe.ts';
import { attemptEnd, containerName, hasFailed, mainContainer, type AttemptEnd, type Cause } from './attempt-end.ts';
import type { Platform } from './platform.ts';
import type { LogContainer, LogSource, RunLog } from './run-log.ts';
import type { TaskVolumes } from './task-volumes.ts';
import { millisOf, type Container, type TaskTemplate } from './wire.ts';

/** One attempt of one task. */
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

/** The containers of one attempt while they live. */
export class RunningTask {
  readonly #attempt: Attempt;
  readonly #volumes: TaskVolumes;
  readonly #pids: PidNamespace | undefined;
  readonly #host = loopbackAddress();
  readonly #instanceId = randomBytes(32).toString('hex');
  readonly #containers = new Map<string, ContainerProcess>();
  /** In the order they came. */
  readonly #ends = new Map<string, ContainerEnd>();
  readonly #over = Promise.withResolvers<void>();
  readonly #probing = new AbortController();
  #cause: Cause;
  #killTimer: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(attempt: Attempt, volumes: TaskVolumes, pids: PidNamespace | undefined) {
    this.#attempt = attempt;
    this.#volumes = volumes;
    this.#pids = pids;
  }

  /** Resolves when no process is left. */
  async run(): Promise<AttemptEnd> {
    const { template, platform } = this.#attempt;
    const ready = new Map<string, Promise<boolean>>();
    for (const container of inOrder(template.containers)) {
      const before = container.dependsOn.map((name) => ready.get(name) ?? Promise.resolve(true));
      ready.set(containerName(container), this.#startAfter(before, container));
    }
    await this.#over.promise;
    await Promise.all(ready.values());
    await Promise.all(Array.from(this.#containers.values(), ({ ended }) => ended));
    clearTimeout(this.#killTimer);
    return attemptEnd(platform, template.containers, this.#ends, this.#cause);
  }

  /** SIGTERM to all, SIGKILL to those that are left after the grace. The first cause stands. */
  stop(cause: Cause): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.#cause = cause === 'cancel' ? cause : (this.#cause ?? cause);
    this.#probing.abort();
    if (cause === 'timeout') this.#sayTimeout();
    for (const container of this.#containers.values()) container.signal('SIGTERM');
    this.#killTimer = setTimeout(() => this.killAll(), this.#attempt.platform.killGraceMs);
    this.#over.resolve();
  }

  killAll(): void {
    this.stop(this.#cause);
    for (const container of this.#containers.values()) container.signal('SIGKILL');
  }

  async #startAfter(before: Promise<boolean>[], container: Container): Promise<boolean> {
    try {
      return (await Promise.all(before)).every(Boolean) && (await this.#start(container));
    } catch (failure) {
      const { log, source } = this.#attempt;
      const startFailure = failure instanceof Error ? failure.message : String(failure);
      log.system(source, this.#speaker(containerName(container)), 'ERROR', endText({ startFailure }));
      this.stop('start');
      return false;
    }
  }

  /** Resolves to whether those that depend on it may start. */
  async #start(container: Container): Promise<boolean> {
    const env = await this.#envOf(container);
    const { platform, log, source, running } = this.#attempt;
    const image = platform.images[container.image];
    if (this.#stopping || !image) return false;
    const name = containerName(container);
    const started = startContainer({
      image,
      env,
      command: commandOf(image, container.command, container.args),
      workdir: container.workingDir || image.workdir || '/',
      volumes: this.#volumes.mountsOf(container),
      sharedPidsOf: this.#pids?.pid,
      output: (stream, line) => log.line(source, this.#speaker(name), stream, line),
    });
    this.#containers.set(name, started);
    running.set(name, () => {
      this.#cause ??= 'memory';
      log.system(source, this.#speaker(name), 'ERROR', memoryText(container));
      started.signal('SIGKILL');
    });
    void this.#watch(name, started);
    return container.startupProbe ? this.#probe(container, started) : true;
  }

  async #probe(container: Container, { ended }: ContainerProcess): Promise<boolean> {
    const { initialDelaySeconds, periodSeconds, timeoutSeconds, failureThreshold, tcpSocket } =
      container.startupProbe ?? {};
    const periodMs = (periodSeconds || 10) * 1000;
    const probe = {
      host: this.#host,
      port: tcpSocket?.port ?? 8080,
      delayMs: (initialDelaySeconds ?? 0) * 1000,
      periodMs: this.#attempt.platform.probePeriodMs ?? periodMs,
      timeoutMs: (timeoutSeconds || 1) * 1000,
      failMs: periodMs * (failureThreshold || 3),
    };
    const over = new AbortController();
    const signal = AbortSignal.any([this.#probing.signal, over.signal]);
    // A container that ends before it answered starts nobody.
    const answered = await Promise.race([tcpProbe(probe, signal), ended.then(() => false)]);
    over.abort();
    if (!answered && !this.#ends.has(containerName(container))) this.stop('probe');
    return answered;
  }

  async #watch(name: string, { ended }: ContainerProcess): Promise<void> {
    const end = await ended;
    const { template, platform, log, source, running } = this.#attempt;
    running.delete(name);
    this.#ends.set(name, end);
    log.system(source, this.#speaker(name), hasFailed(end) ? 'ERROR' : 'INFO', endText(end));
    if ('startFailure' in end) this.#cause ??= 'start';
    const unstarted = template.containers.filter((one) => !this.#containers.has(containerName(one)));
    // What depends on a container that is gone will never start.
    const orphaned = unstarted.some(({ dependsOn }) => dependsOn.includes(name));
    const nobodyLeft = this.#ends.size === this.#containers.size && (unstarted.length === 0 || orphaned);
    const isMain = platform.ends === 'main-exit' && name === mainContainer(platform, template.containers);
    if (platform.ends === 'any-exit' || isMain || nobodyLeft || (orphaned && hasFailed(end))) this.stop(this.#cause);
  }

  async #envOf({ env }: Container): Promise<Record<string, string>> {
    const { platform, source, template, taskIndex, taskCount, attempt } = this.#attempt;
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
    log.system(source, this.#speaker(containerName(template.containers[0])), 'ERROR', text);
  }
}

/** Those that others depend on first; a circle was refused when the job was made. */
function inOrder(containers: readonly Container[]): Container[] {
  const placed: Container[] = [];
  while (placed.length < containers.length) {
    const names = new Set(placed.map(containerName));
    const next = containers.find((one) => !placed.includes(one) && one.dependsOn.every((name) => names.has(name)));
    if (!next) throw new Error('The containers depend on each other in a circle.');
    placed.push(next);
  }
  return placed;
}

function endText(end: ContainerEnd): string {
  if ('exitCode' in end) return `Container called exit(${end.exitCode}).`;
  if ('signal' in end) return `Container terminated on signal ${end.signal}.`;
  return `terminated: Application failed to start: ${end.startFailure}`;
}

function memoryText({ resources }: Container): string {
  const limit = resources?.limits['memory'] ?? '512Mi';
  return `Memory limit of ${limit.replace(/i$/, 'iB')} exceeded. Consider increasing the memory limit, see https://cloud.google.com/run/docs/configuring/memory-limits`;
}
