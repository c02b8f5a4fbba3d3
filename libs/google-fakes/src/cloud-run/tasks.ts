import { status } from '@grpc/grpc-js';
import { GrpcRefusal, type UnaryMethod } from '../grpc-server.ts';
import { page } from '../page.ts';
import { executionOf } from './names.ts';
import type { CloudRunStore } from './store.ts';
import type { Task } from './wire.ts';

/** google.cloud.run.v2.Tasks; a list may leave out the job or the execution with `-`. */
export function taskMethods(store: CloudRunStore): Record<string, UnaryMethod> {
  return {
    GetTask({ name }: { name: string }, caller) {
      caller.need('run.tasks.get', name);
      const task = below(store, name.slice(0, name.indexOf('/tasks/'))).find((one) => one.name === name);
      if (!task) throw new GrpcRefusal(status.NOT_FOUND, `Resource '${name}' of kind 'TASK' does not exist.`);
      return task;
    },
    ListTasks({ parent, ...paging }, caller) {
      const { project, location, job, execution } = executionOf(parent);
      const wild = job === '-' || execution === '-';
      caller.need('run.tasks.list', wild ? `projects/${project}/locations/${location}` : parent);
      const { items, nextPageToken } = page(below(store, parent), paging);
      return { tasks: items, nextPageToken };
    },
  };
}

function below(store: CloudRunStore, parent: string): Task[] {
  const { project, location, job, execution } = executionOf(parent);
  return store
    .executionsBelow(`projects/${project}/locations/${location}/jobs/${job}`)
    .filter((record) => execution === '-' || record.execution.name.endsWith(`/executions/${execution}`))
    .flatMap(({ tasks }) => tasks);
}
