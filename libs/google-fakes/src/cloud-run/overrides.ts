import { status } from '@grpc/grpc-js';
import { GrpcRefusal } from '../grpc-server.ts';
import { requireEnv, requireTimeout } from './job-validation.ts';
import type { Container, EnvVar, ExecutionTemplate, Overrides, TaskTemplate } from './wire.ts';

const DEFAULT_TIMEOUT = { seconds: '600', nanos: 0 };
const DEFAULT_RETRIES = 3;

/** What one execution runs: the job's template with the overrides of RunJob, and every default filled in. */
export type Effective = {
  taskCount: number;
  template: TaskTemplate & { maxRetries: number; timeout: { seconds?: string } };
};

/** Env is merged by name, args replace (an empty list keeps, `clear_args` empties); nothing else can be overridden. */
export function effectiveTemplate(
  template: ExecutionTemplate & { template: TaskTemplate },
  overrides: Overrides | undefined | null,
): Effective {
  const task = template.template;
  const containers = (overrides?.containerOverrides ?? []).reduce(overrideOne, task.containers);
  if (overrides?.timeout) requireTimeout(overrides.timeout);
  return {
    taskCount: overrides?.taskCount || template.taskCount || 1,
    template: {
      ...task,
      containers,
      maxRetries: task.maxRetries ?? DEFAULT_RETRIES,
      timeout: overrides?.timeout ?? task.timeout ?? DEFAULT_TIMEOUT,
    },
  };
}

function overrideOne(containers: Container[], override: Overrides['containerOverrides'][number]): Container[] {
  const { name, args, env, clearArgs } = override;
  // With a single container the name may be left out.
  const at = name || containers.length > 1 ? containers.findIndex((container) => container.name === name) : 0;
  const container = containers[at];
  if (!container) {
    const what = `overrides.container_overrides: the job has no container named "${name ?? ''}"`;
    throw new GrpcRefusal(status.INVALID_ARGUMENT, what);
  }
  requireEnv('overrides.container_overrides', env);
  const changed = {
    ...container,
    args: clearArgs ? [] : args.length > 0 ? args : container.args,
    env: mergeEnv(container.env, env),
  };
  return containers.with(at, changed);
}

function mergeEnv(fixed: EnvVar[], own: EnvVar[]): EnvVar[] {
  const replaced = fixed.map((variable) => own.find(({ name }) => name === variable.name) ?? variable);
  const added = own.filter(({ name }) => !fixed.some((variable) => variable.name === name));
  return [...replaced, ...added];
}
