import { logArchiveContract } from '@runvoy/core/contracts';
import { openFileArchive, openSqliteRecords } from '@runvoy/provider-local';
import { privateDirectory } from './private-directory.ts';

logArchiveContract(async () => {
  const directory = await privateDirectory();
  const records = openSqliteRecords(':memory:');
  return {
    records,
    archive: await openFileArchive(directory.path),
    async [Symbol.asyncDispose]() {
      records.close();
      await directory[Symbol.asyncDispose]();
    },
  };
});
