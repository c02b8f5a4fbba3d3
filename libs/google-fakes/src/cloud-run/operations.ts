import { randomUUID } from 'node:crypto';
import { status } from '@grpc/grpc-js';
import { GrpcRefusal, type UnaryMethod } from '../grpc-server.ts';
import { anyOf } from './run-protos.ts';

type Resource = 'Job' | 'Execution';
export type OperationEnd = { response: object } | { error: { code: number; message: string } };

/** A long-running operation: its metadata is the resource as it is at the time of asking. */
export type Operation = { name: string; end(result: OperationEnd): void };

type Stored = { name: string; type: Resource; resource: object; end?: OperationEnd; ended: PromiseWithResolvers<void> };

/** google.longrunning.Operations of one project. */
export class Operations {
  readonly #stored = new Map<string, Stored>();

  /** `resource` is read anew at each look, so it may change until the end. */
  open(location: string, type: Resource, resource: object): Operation {
    const stored: Stored = {
      name: `${location}/operations/${randomUUID()}`,
      type,
      resource,
      ended: Promise.withResolvers<void>(),
    };
    this.#stored.set(stored.name, stored);
    return {
      name: stored.name,
      end: (result) => {
        stored.end ??= result;
        stored.ended.resolve();
      },
    };
  }

  /** As google.longrunning.Operation. */
  shown(name: string): object {
    const { type, resource, end } = this.#find(name);
    const metadata = anyOf(type, resource);
    if (!end) return { name, metadata, done: false };
    if ('error' in end) return { name, metadata, done: true, error: { ...end.error, details: [] }, result: 'error' };
    return { name, metadata, done: true, response: anyOf(type, end.response), result: 'response' };
  }

  get methods(): Record<string, UnaryMethod> {
    return {
      GetOperation: ({ name }, caller) => {
        caller.need('run.operations.get', projectOf(name));
        return this.shown(name);
      },
      ListOperations: ({ name }, caller) => {
        caller.need('run.operations.list', projectOf(name));
        return {
          operations: [...this.#stored.keys()]
            .filter((key) => key.startsWith(`${name}/`))
            .map((key) => this.shown(key)),
        };
      },
      WaitOperation: async ({ name, timeout }, caller) => {
        caller.need('run.operations.get', projectOf(name));
        const limit = timeout ? Number(timeout.seconds ?? 0) * 1000 + (timeout.nanos ?? 0) / 1e6 : 30_000;
        let timer: NodeJS.Timeout | undefined;
        const elapsed = new Promise<void>((resolve) => (timer = setTimeout(resolve, limit).unref()));
        await Promise.race([this.#find(name).ended.promise, elapsed]);
        clearTimeout(timer);
        return this.shown(name);
      },
    };
  }

  #find(name: string): Stored {
    const stored = this.#stored.get(name);
    if (!stored) throw new GrpcRefusal(status.NOT_FOUND, `Requested entity was not found: ${name}`);
    return stored;
  }
}

/** An operation is no child of a job: what may be done with it is granted at the project (gcp.md 9.1). */
function projectOf(name: string): string {
  return name.split('/').slice(0, 2).join('/');
}
