import { status } from '@grpc/grpc-js';
import { GrpcRefusal } from '../grpc-server.ts';
import { bytesOfMemory, milliCpu } from './resource-quantity.ts';
import {
  millisOf,
  type Container,
  type EnvVar,
  type ExecutionTemplate,
  type Probe,
  type TaskTemplate,
} from './wire.ts';

const JOB_ID = /^[a-z](?:[-a-z0-9]*[a-z0-9])?$/;
// A job's name, a hyphen and five characters have to fit into 63.
const LONGEST_JOB_ID = 57;
const SYSTEM_NAMESPACES = [
  'run.googleapis.com',
  'cloud.googleapis.com',
  'serving.knative.dev',
  'autoscaling.knative.dev',
];
const RESERVED_ENV =
  /^(?:PORT|K_.*|CLOUD_RUN_JOB|CLOUD_RUN_EXECUTION|CLOUD_RUN_TASK_(?:INDEX|ATTEMPT|COUNT)|X_GOOGLE_.*)$/;
const MOST_ENV = 1000;
const LONGEST_ENV = 32_768;
const MOST_ARGS = 1000;
const LONGEST_TIMEOUT_MS = 168 * 3600 * 1000;
const GIB = 1024 ** 3;

export function requireJobId(id: string | undefined): string {
  if (!id || !JOB_ID.test(id) || id.length > LONGEST_JOB_ID) {
    refuse(
      `job_id must be at most ${LONGEST_JOB_ID} lower-case letters, digits and hyphens and begin with a letter; got "${id ?? ''}"`,
    );
  }
  return id;
}

/** What CreateJob and UpdateJob refuse; the first thing found is named. */
export function requireValidJob(job: {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  template?: ExecutionTemplate;
}): void {
  requireUserKeys('job.labels', job.labels);
  requireUserKeys('job.annotations', job.annotations);
  const template = job.template;
  if (!template?.template) return refuse('job.template.template: is required');
  requireUserKeys('template.labels', template.labels);
  requireUserKeys('template.annotations', template.annotations);
  requireLabels(job.labels);
  requireLabels(template.labels);
  if ((template.taskCount ?? 1) < 0 || (template.taskCount ?? 1) > 10_000)
    refuse('template.task_count: must be 1 to 10000');
  requireValidTask(template.template);
}

function requireValidTask(task: TaskTemplate): void {
  if (task.containers.length === 0) refuse('template.template.containers: at least one container is required');
  if ((task.maxRetries ?? 3) < 0 || (task.maxRetries ?? 3) > 10)
    refuse('template.template.max_retries: must be 0 to 10');
  if (task.timeout) requireTimeout(task.timeout);
  const names = task.containers.map((container) => container.name ?? '');
  if (task.containers.length > 1 && names.some((name) => name === '')) {
    refuse('template.template.containers: every container needs a name when there are several');
  }
  if (new Set(names).size !== names.length) refuse('template.template.containers: names must be unique');
  if (task.containers.filter((container) => container.ports.length > 0).length > 1) {
    refuse('template.template.containers: only one container may have ports');
  }
  const volumes = task.volumes.map((volume) => volume.name);
  if (new Set(volumes).size !== volumes.length) refuse('template.template.volumes: names must be unique');
  for (const container of task.containers) {
    requireValidContainer(container, volumes);
    requireDependencies(container, task.containers);
  }
  requireNoCycle(task.containers);
}

function requireValidContainer(container: Container, volumes: string[]): void {
  const where = `template.template.containers[${container.name ?? ''}]`;
  if (!container.image) refuse(`${where}.image: is required`);
  if (container.args.length > MOST_ARGS) refuse(`${where}.args: at most ${MOST_ARGS}`);
  requireEnv(where, container.env);
  for (const { name, mountPath } of container.volumeMounts) {
    if (!volumes.includes(name)) refuse(`${where}.volume_mounts: no volume named "${name}"`);
    if (!mountPath.startsWith('/') || mountPath === '/')
      refuse(`${where}.volume_mounts: "${mountPath}" is no absolute path`);
  }
  if (container.startupProbe) requireProbe(`${where}.startup_probe`, container.startupProbe);
  if (container.readinessProbe) refuse(`${where}.readiness_probe: is not supported for jobs`);
  requireResources(where, container);
}

function requireResources(where: string, container: Container): void {
  const { cpu = '1', memory = '512Mi' } = container.resources?.limits ?? {};
  const milli = milliCpu(cpu) ?? refuse(`${where}.resources.limits.cpu: "${cpu}" is not a quantity`);
  const bytes = bytesOfMemory(memory) ?? refuse(`${where}.resources.limits.memory: "${memory}" is not a quantity`);
  // Jobs run in the second generation, which has nothing below one CPU and 512 MiB (k8s.min.proto, docs of CPU and memory).
  if (![1000, 2000, 4000, 6000, 8000].includes(milli)) {
    refuse(`${where}.resources.limits.cpu: must be one of 1, 2, 4, 6 and 8; got "${cpu}"`);
  }
  if (bytes < 0.5 * GIB) refuse(`${where}.resources.limits.memory: at least 512Mi; got "${memory}"`);
  if (bytes > 32 * GIB) refuse(`${where}.resources.limits.memory: at most 32Gi; got "${memory}"`);
  if (milli === 4000 && bytes < 2 * GIB)
    refuse(`${where}.resources.limits.memory: 4 CPU need at least 2Gi; got "${memory}"`);
  if (milli > 4000 && bytes < 4 * GIB)
    refuse(`${where}.resources.limits.memory: ${cpu} CPU need at least 4Gi; got "${memory}"`);
}

function requireProbe(where: string, probe: Probe): void {
  const { initialDelaySeconds = 0, periodSeconds = 10, timeoutSeconds = 1, failureThreshold = 3 } = probe;
  if (!probe.tcpSocket && !probe.httpGet && !probe.grpc)
    refuse(`${where}: one of tcp_socket, http_get and grpc is required`);
  if (initialDelaySeconds < 0 || initialDelaySeconds > 240) refuse(`${where}.initial_delay_seconds: must be 0 to 240`);
  if (periodSeconds < 1 || periodSeconds > 240) refuse(`${where}.period_seconds: must be 1 to 240`);
  if (timeoutSeconds < 1 || timeoutSeconds > periodSeconds)
    refuse(`${where}.timeout_seconds: must be 1 to period_seconds`);
  if (failureThreshold < 1) refuse(`${where}.failure_threshold: must be at least 1`);
}

/** "A depended-on container must have a startup probe" (gcp.md 1.2). */
function requireDependencies(container: Container, all: Container[]): void {
  for (const name of container.dependsOn) {
    const dependedOn = all.find((other) => other.name === name);
    if (!dependedOn) refuse(`Container "${container.name}" depends on container "${name}", which does not exist.`);
    else if (!dependedOn.startupProbe) {
      refuse(`Container "${container.name}" depends on container "${name}", which must have a startup probe.`);
    }
  }
}

function requireNoCycle(containers: Container[]): void {
  const started = new Set<string>();
  for (let left = containers; left.length > 0;) {
    const ready = left.filter(({ dependsOn }) => dependsOn.every((name) => started.has(name)));
    if (ready.length === 0) refuse('template.template.containers: depends_on has a cycle');
    for (const { name } of ready) started.add(name ?? '');
    left = left.filter((container) => !ready.includes(container));
  }
}

export function requireEnv(where: string, env: EnvVar[]): void {
  if (env.length > MOST_ENV) refuse(`${where}.env: at most ${MOST_ENV} variables`);
  const seen = new Set<string>();
  for (const { name, value = '' } of env) {
    if (!name) refuse(`${where}.env: a variable needs a name`);
    if (RESERVED_ENV.test(name))
      refuse(
        `${where}.env: The following reserved env names were provided: ${name}. These values are automatically set by the system.`,
      );
    if (seen.has(name)) refuse(`${where}.env: "${name}" is given twice`);
    if (name.length > LONGEST_ENV || Buffer.byteLength(value) > LONGEST_ENV)
      refuse(`${where}.env: "${name.slice(0, 64)}" is longer than ${LONGEST_ENV}`);
    seen.add(name);
  }
}

export function requireTimeout(timeout: { seconds?: string; nanos?: number }): void {
  const ms = millisOf(timeout);
  if (ms <= 0 || ms > LONGEST_TIMEOUT_MS) refuse('timeout: must be more than 0 and at most 168 hours');
}

function requireUserKeys(where: string, keys: Record<string, string>): void {
  for (const key of Object.keys(keys)) {
    const domain = key.split('/')[0] ?? '';
    const taken = SYSTEM_NAMESPACES.find((namespace) => domain === namespace || domain.endsWith(`.${namespace}`));
    if (key.includes('/') && taken)
      refuse(`${where}: "${key}" is in the namespace ${taken}, which is reserved for the system`);
  }
}

function requireLabels(labels: Record<string, string>): void {
  if (Object.keys(labels).length > 64) refuse('labels: at most 64');
  for (const [key, value] of Object.entries(labels)) {
    if (!/^[\p{Ll}\p{Lo}][\p{Ll}\p{Lo}\p{N}_-]{0,62}$/u.test(key)) refuse(`labels: the key "${key}" is not valid`);
    if (!/^[\p{Ll}\p{Lo}\p{N}_-]{0,63}$/u.test(value)) refuse(`labels: the value "${value}" of "${key}" is not valid`);
  }
}

function refuse(what: string): never {
  throw new GrpcRefusal(status.INVALID_ARGUMENT, what);
}
