import { describe } from '@jest/globals';
import { whyNotEmulated } from '@runvoy/google-fakes';
import { CLOUD_RUN_VARIANTS, titled } from './cloud-run-variants.ts';
import { startEmulatedServer } from './emulated-server.ts';
import { HIDDEN_ENV, runLife } from './run-life.ts';

// `RUNVOY_TEST_CLOUD_RUN=any-exit` runs all of it there; run-variants.gcp.test.ts a part of it on each.
const wanted = process.env['RUNVOY_TEST_CLOUD_RUN'] ?? 'all-exit';
const variant = CLOUD_RUN_VARIANTS.find(({ name }) => name === wanted);
if (!variant) {
  const names = CLOUD_RUN_VARIANTS.map(({ name }) => name).join(', ');
  throw new Error(`RUNVOY_TEST_CLOUD_RUN is "${wanted}"; there are: ${names}.`);
}
const why = whyNotEmulated('FIRESTORE_EMULATOR_HOST') ?? whyNotEmulated('PUBSUB_EMULATOR_HOST') ?? variant.why;

(why === undefined ? describe : describe.skip)(titled(`a run on Google Cloud (${variant.name})`, why), () => {
  runLife(async () => {
    const server = await startEmulatedServer({ env: HIDDEN_ENV });
    server.stack.google.cloudRun.choose(variant.choices([server.sharedDirectory]));
    return server;
  });
});
