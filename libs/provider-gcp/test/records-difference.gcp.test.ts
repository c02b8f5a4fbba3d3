import { describe } from '@jest/globals';
import { recordsDifferenceContract } from '@runvoy/core/contracts';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { openSqliteRecords } from '@runvoy/provider-local';
import { emptyFirestoreRecords } from './emulated-records.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST');
const here = why === undefined ? describe : describe.skip;

here(`firestore and sqlite${why === undefined ? '' : ` — skipped: ${why}`}`, () => {
  recordsDifferenceContract(async () => openSqliteRecords(':memory:'), emptyFirestoreRecords, { histories: 20 });
});
