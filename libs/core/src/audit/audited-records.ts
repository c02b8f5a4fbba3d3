import type { Records, Tx } from '../records/records.ts';
import type { AuditRecord } from './audit.ts';

/**
 * The same records, which tell each audit record once its transaction is stored: for a place outside the store, where whoever can
 * write the store cannot take it back. A process that dies between the two tells nothing; the next record's number shows the gap, and
 * the chain has the record.
 */
export function auditedRecords(records: Records, told: (record: AuditRecord) => void): Records {
  return {
    get: (ref) => records.get(ref),
    getFields: (ref, fields) => records.getFields(ref, fields),
    create: (ref, value) => records.create(ref, value),
    createMany: (entries) => records.createMany(entries),
    compareAndSet: (ref, version, value) => records.compareAndSet(ref, version, value),
    delete: (ref) => records.delete(ref),
    page: (query, args, from) => records.page(query, args, from),
    count: (query, args) => records.count(query, args),
    watch: (ref, watcher) => records.watch(ref, watcher),
    watchQuery: (query, args, watcher) => records.watchQuery(query, args, watcher),
    removeExpired: (nowMs, limit) => records.removeExpired(nowMs, limit),
    async transact(change) {
      let written: AuditRecord[] = [];
      const result = await records.transact((tx) => {
        // It may run again: what an earlier run wrote was never stored.
        written = [];
        return change(noting(tx, (record) => written.push(record)));
      });
      for (const record of written) told(record);
      return result;
    },
  };
}

function noting(tx: Tx, wrote: (record: AuditRecord) => void): Tx {
  return {
    get: (ref) => tx.get(ref),
    page: (query, args, from) => tx.page(query, args, from),
    create: (ref, value) => {
      tx.create(ref, value);
      if (ref.collection === 'audit') wrote(value as unknown as AuditRecord);
    },
    set: (ref, value) => tx.set(ref, value),
    delete: (ref) => tx.delete(ref),
  };
}
