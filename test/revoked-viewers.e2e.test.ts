import { describe } from '@jest/globals';
import { openSqliteRecords } from '@runvoy/provider-local';
import { revokedViewers } from './revoked-viewers.ts';

describe('on this machine', () => {
  // One process has the store open: its API and its live view share it.
  let shared: ReturnType<typeof openSqliteRecords> | undefined;
  revokedViewers({ instances: 1, open: () => (shared ??= openSqliteRecords(':memory:')) });
});
