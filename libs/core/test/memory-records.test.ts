import { describe } from '@jest/globals';
import { recordsAnomalyContract } from '../contracts/records-anomalies.ts';
import { recordsHistoryContract } from '../contracts/records-history.ts';
import { recordsTransactionContract } from '../contracts/records-transactions.ts';
import { recordsWatchContract } from '../contracts/records-watch.ts';
import { MemoryRecords } from './memory-records.ts';

const open = async () => Object.assign(new MemoryRecords(), { [Symbol.asyncDispose]: async () => undefined });

// Not all of the contract: which misuse these records refuse is of no interest to the tests that use them.
describe('records in memory', () => {
  describe('transactions', () => recordsTransactionContract(open, { writesWaitForReaders: false }));
  describe('anomalies', () => recordsAnomalyContract(open, { writesWaitForReaders: false }));
  describe('watches', () => recordsWatchContract(open));
  describe('histories', () => recordsHistoryContract(open, { histories: 100 }));
});
