import { executionOf } from './names.ts';
import { millisOf, rfc3339, type Condition, type Container, type Execution } from './wire.ts';

const V1_STATUS: Record<string, string> = { CONDITION_SUCCEEDED: 'True', CONDITION_FAILED: 'False' };

/**
 * An execution in the shape of google.cloud.run.v1.Execution, as the completion event carries it (gcp.md 2.2): knative's
 * names, env and args verbatim, counters absent when they are 0, whole numbers as doubles (so they are in JSON: 1.0 reads as 1).
 */
export function knativeExecution(execution: Execution, projectNumber: string): Record<string, unknown> {
  const { location, job, execution: name } = executionOf(execution.name);
  const at = rfc3339(execution.createTime);
  return {
    '@type': 'type.googleapis.com/google.cloud.run.v1.Execution',
    apiVersion: 'run.googleapis.com/v1',
    kind: 'Execution',
    metadata: {
      name,
      namespace: projectNumber,
      selfLink: `/apis/run.googleapis.com/v1/namespaces/${projectNumber}/executions/${name}`,
      uid: execution.uid,
      resourceVersion: execution.etag,
      generation: 1,
      creationTimestamp: at,
      labels: {
        ...execution.labels,
        'run.googleapis.com/job': job,
        'run.googleapis.com/jobGeneration': '1',
        'cloud.googleapis.com/location': location,
      },
      annotations: {
        ...execution.annotations,
        'run.googleapis.com/creator': execution.creator,
        'run.googleapis.com/execution-environment': 'gen2',
      },
      ownerReferences: [
        { kind: 'Job', name: job, apiVersion: 'serving.knative.dev/v1', controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: {
      parallelism: execution.parallelism || execution.taskCount,
      taskCount: execution.taskCount,
      template: {
        spec: {
          containers: execution.template.containers.map(knativeContainer),
          volumes: execution.template.volumes.map(({ name: volume, emptyDir }) => ({ name: volume, emptyDir })),
          maxRetries: execution.template.maxRetries,
          timeoutSeconds: String(Math.round(millisOf(execution.template.timeout ?? {}) / 1000)),
          serviceAccountName: execution.template.serviceAccount,
        },
      },
    },
    status: {
      observedGeneration: 1,
      ...(execution.startTime && { startTime: rfc3339(execution.startTime) }),
      ...(execution.completionTime && { completionTime: rfc3339(execution.completionTime) }),
      conditions: execution.conditions.map(knativeCondition),
      ...counter('succeededCount', execution.succeededCount),
      ...counter('failedCount', execution.failedCount),
      ...counter('cancelledCount', execution.cancelledCount),
      ...counter('retriedCount', execution.retriedCount),
      logUri: execution.logUri,
    },
  };
}

function knativeContainer({ name, image, command, args, env, resources, volumeMounts }: Container): object {
  return {
    name,
    image,
    ...(command.length > 0 && { command }),
    ...(args.length > 0 && { args }),
    env: env.map(({ name: variable, value }) => ({ name: variable, value })),
    resources: { limits: resources?.limits ?? {} },
    volumeMounts: volumeMounts.map(({ name: volume, mountPath }) => ({ name: volume, mountPath })),
  };
}

function knativeCondition({ type, state, message, reason, executionReason, lastTransitionTime }: Condition): object {
  const said = executionReason ?? reason;
  return {
    type,
    status: V1_STATUS[state] ?? 'Unknown',
    ...(said && { reason: pascalCase(said) }),
    ...(message && { message }),
    ...(lastTransitionTime && { lastTransitionTime: rfc3339(lastTransitionTime) }),
  };
}

function counter(name: string, value: number | undefined): object {
  return value ? { [name]: value } : {};
}

/** NON_ZERO_EXIT_CODE -> NonZeroExitCode */
function pascalCase(reason: string): string {
  return reason
    .split('_')
    .map((word) => word.slice(0, 1) + word.slice(1).toLowerCase())
    .join('');
}
