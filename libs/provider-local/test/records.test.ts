import { describe } from '@jest/globals';
import { recordsContract, recordsHistoryContract } from '@runvoy/core/contracts';
import { openSqliteRecords } from '@runvoy/provider-local';

describe('sqlite records', () => {
  recordsContract(async () => openSqliteRecords(':memory:'));
  recordsHistoryContract(async () => openSqliteRecords(':memory:'), { histories: 150 });
});
