import { randomBytes } from 'node:crypto';
import { describe, jest } from '@jest/globals';
import { emulatorHost, whyNotEmulated } from '@runvoy/google-fakes';
import { openFirestoreRecords } from '@runvoy/provider-gcp';
import { revokedViewers } from './revoked-viewers.ts';

jest.setTimeout(120_000);

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST');
const title = `on two instances over Firestore${why === undefined ? '' : ` — skipped: ${why}`}`;

(why === undefined ? describe : describe.skip)(title, () => {
  const projectId = `test-${randomBytes(6).toString('hex')}`;
  revokedViewers({
    instances: 2,
    open: () => openFirestoreRecords({ projectId, host: emulatorHost('FIRESTORE_EMULATOR_HOST') }),
  });
});
