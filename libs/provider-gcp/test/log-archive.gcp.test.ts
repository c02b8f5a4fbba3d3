import { logArchiveContract } from '@runvoy/core/contracts';
import { fakeStorage } from '@runvoy/google-fakes';
import { openStorageArchive } from '@runvoy/provider-gcp';
import { emptyFirestoreRecords } from './emulated-records.ts';

logArchiveContract(async () => {
  const google = fakeStorage({ buckets: ['blobs'] });
  const { host } = await google.listenAs('processor@p.iam.gserviceaccount.com');
  const records = await emptyFirestoreRecords();
  return {
    records,
    archive: openStorageArchive({ project: 'p', bucket: 'blobs', endpoint: host }),
    async [Symbol.asyncDispose]() {
      await records[Symbol.asyncDispose]();
      await google[Symbol.asyncDispose]();
    },
  };
});
