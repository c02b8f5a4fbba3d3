import { openSqliteRecords } from '@runvoy/provider-local';
import { storeOperationsContract } from '../contracts/store-operations.ts';
import { MemoryRecords } from './memory-records.ts';

storeOperationsContract('records in memory', async () =>
  Object.assign(new MemoryRecords(), { [Symbol.asyncDispose]: async () => undefined }),
);
storeOperationsContract('the local store', async () => openSqliteRecords(':memory:'));
