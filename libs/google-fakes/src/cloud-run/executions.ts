import { status } from '@grpc/grpc-js';
import { GrpcRefusal, type UnaryMethod } from '../grpc-server.ts';
import { page } from '../page.ts';
import type { AuditLog } from './audit-log.ts';
import { markCancelling } from './conditions.ts';
import type { ExecutionRecord } from './execution-course.ts';
import { executionOf, jobOf, shortName } from './names.ts';
import type { Operation, OperationEnd, Operations } from './operations.ts';
import type { Platform } from './platform.ts';
import { requireEtag, type CloudRunStore } from './store.ts';

type ExecutionParts = { platform: Platform; store: CloudRunStore; operations: Operations; audit: AuditLog };

/** google.cloud.run.v2.Executions */
export function executionMethods({ platform, store, operations, audit }: ExecutionParts): Record<string, UnaryMethod> {
  async function endCancel(record: ExecutionRecord, operation: Operation, account: string | undefined): Promise<void> {
    await record.completed;
    operation.end(cancelEnd(record, platform));
    audit.cancelled(record.execution, account);
  }

  return {
    GetExecution({ name }, caller) {
      executionOf(name);
      caller.need('run.executions.get', name);
      return store.execution(name).execution;
    },
    ListExecutions({ parent, ...paging }, caller) {
      const { project, location, job } = jobOf(parent);
      caller.need('run.executions.list', job === '-' ? `projects/${project}/locations/${location}` : parent);
      const listed = store.executionsBelow(parent).filter(({ listedFrom }) => listedFrom <= platform.now());
      const { items, nextPageToken } = page(listed, paging);
      return { executions: items.map(({ execution }) => execution), nextPageToken };
    },
    CancelExecution({ name, etag, validateOnly }, caller) {
      executionOf(name);
      caller.need('run.executions.cancel', name);
      const record = store.execution(name);
      requireEtag(name, etag, record.execution.etag);
      if (record.execution.completionTime) {
        const what = `Execution ${shortName(name)} is not running and cannot be cancelled.`;
        throw new GrpcRefusal(status.FAILED_PRECONDITION, what);
      }
      const operation = operations.open(locationOf(name), 'Execution', record.execution);
      if (validateOnly) {
        operation.end({ response: record.execution });
        return operations.shown(operation.name);
      }
      audit.call('Executions.CancelExecution', name, caller.account, { name });
      if (!record.cancel.signal.aborted) {
        markCancelling(record.execution, platform.now());
        record.cancel.abort();
      }
      void endCancel(record, operation, caller.account);
      return operations.shown(operation.name);
    },
    DeleteExecution({ name, etag, validateOnly }, caller) {
      executionOf(name);
      caller.need('run.executions.delete', name);
      const record = store.execution(name);
      requireEtag(name, etag, record.execution.etag);
      const operation = operations.open(locationOf(name), 'Execution', record.execution);
      if (!validateOnly) {
        record.cancel.abort();
        store.executions.delete(name);
      }
      operation.end({ response: record.execution });
      return operations.shown(operation.name);
    },
  };
}

/** Either code has been seen although the cancel had worked (gcp.md 1.4): only the counters tell. */
function cancelEnd({ execution }: ExecutionRecord, { faults }: Platform): OperationEnd {
  const code = faults.cancelOperationCodes.shift();
  if (code === 2) return { error: { code, message: 'Unspecified' } };
  if (code === 10) return { error: { code, message: `Execution ${shortName(execution.name)} was cancelled.` } };
  return { response: execution };
}

function locationOf(name: string): string {
  return name.slice(0, name.indexOf('/jobs/'));
}
