import { probeWithRunner, type LocalIsolation } from '@runvoy/provider-local';
import { RUNNER_MAIN } from '../src/places.ts';
import { newDirectory } from './server.ts';

/** Why tests of an isolation cannot run here, as the probe says it. Where nothing may be missing, they run and fail. */
export async function whyNo(isolation: Exclude<LocalIsolation, 'process'>): Promise<string | undefined> {
  if (process.env['RUNVOY_REQUIRE_ALL'] === '1') return undefined;
  const found = await probeWithRunner(
    { runnerMain: RUNNER_MAIN, dataDir: newDirectory(), env: process.env },
    isolation,
  );
  return found.works ? undefined : found.why;
}

/** The end of a title: what it is skipped for, if it is. */
export const skippedFor = (why: string | undefined) => (why === undefined ? '' : ` — skipped: ${why}`);
