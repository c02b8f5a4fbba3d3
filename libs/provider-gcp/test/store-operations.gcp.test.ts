import { storeOperationsContract } from '@runvoy/core/contracts';
import { emptyFirestoreRecords } from './emulated-records.ts';

storeOperationsContract('Firestore', emptyFirestoreRecords);
