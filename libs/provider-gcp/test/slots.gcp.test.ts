import { slotsContract } from '@runvoy/core/contracts';
import { emptyFirestoreRecords } from './emulated-records.ts';

// The emulator keeps each who is second waiting for two seconds.
slotsContract('Firestore', emptyFirestoreRecords, { runs: 12, limit: 3 });
