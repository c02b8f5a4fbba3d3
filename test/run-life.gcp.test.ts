import { describe } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { startEmulatedServer } from './emulated-server.ts';
import { HIDDEN_ENV, runLife } from './run-life.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');
const title = `a run on Google Cloud${why === undefined ? '' : ` — skipped: ${why}`}`;

(why === undefined ? describe : describe.skip)(title, () => {
  runLife(() => startEmulatedServer({ env: HIDDEN_ENV }));
});
