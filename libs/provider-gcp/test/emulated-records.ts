import { randomBytes } from 'node:crypto';
import { emulatorHost } from '@runvoy/google-fakes';
import { openFirestoreRecords } from '../src/records.ts';
import type { FirestoreRecords } from '../src/records.ts';

/** Records in a project of their own on the emulator, which keeps the projects apart. */
export async function emptyFirestoreRecords(): Promise<FirestoreRecords> {
  const projectId = `test-${randomBytes(6).toString('hex')}`;
  return openFirestoreRecords({ projectId, host: emulatorHost('FIRESTORE_EMULATOR_HOST') });
}
