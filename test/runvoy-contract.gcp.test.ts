import { describe } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { titled } from './cloud-run-variants.ts';
import { startEmulatedServer } from './emulated-server.ts';
import { PAGE_ORIGIN, runvoyContract } from './runvoy-contract.ts';

const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST');

(why === undefined ? describe : describe.skip)(
  titled('for runvoy’s own clients, a server on Google Cloud', why),
  () => {
    runvoyContract(() => startEmulatedServer({ env: { RUNVOY_CORS_ALLOWED_ORIGINS: PAGE_ORIGIN } }));
  },
);
