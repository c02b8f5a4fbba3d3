import { whyNoEmulators } from './emulators.ts';

/**
 * Why a test on this emulator cannot run here, in words for its title; nothing when it runs. Where nothing may be missing
 * (`RUNVOY_REQUIRE_ALL=1`) it runs and fails.
 */
export function whyNotEmulated(variable: 'FIRESTORE_EMULATOR_HOST' | 'PUBSUB_EMULATOR_HOST'): string | undefined {
  if (process.env[variable] || process.env['RUNVOY_REQUIRE_ALL'] === '1') return undefined;
  return whyNoEmulators() ?? `${variable} is not set; "npm test -- gcp" starts the emulators`;
}

/** The emulator's `host:port`. Throws where it is missing, so that a test which had to run fails by this name. */
export function emulatorHost(variable: 'FIRESTORE_EMULATOR_HOST' | 'PUBSUB_EMULATOR_HOST'): string {
  const host = process.env[variable];
  if (!host) throw new Error(`${variable} is not set: ${whyNoEmulators() ?? 'run "npm test -- gcp"'}.`);
  return host;
}
