import { describe } from '@jest/globals';
import { recordsContract, recordsHistoryContract } from '@runvoy/core/contracts';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { emptyFirestoreRecords } from './emulated-records.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST');
const here = why === undefined ? describe : describe.skip;

here(`firestore records${why === undefined ? '' : ` — skipped: ${why}`}`, () => {
  recordsContract(emptyFirestoreRecords, { writesWaitForReaders: true, tellsInCommitOrder: false });
  recordsHistoryContract(emptyFirestoreRecords, { histories: 15 });
});
