#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import { SmokeProblem, smokeTest } from './smoke/smoke-test.ts';

/**
 * `node tools/smoke.ts [--within SECONDS] [--websocket wss://host]`: whether a deployment runs commands, with RUNVOY_API_ENDPOINT and
 * RUNVOY_API_KEY from the environment. Exits with 0 when one run was submitted, followed, settled and proven complete, else with 1.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { within: { type: 'string', default: '300' }, websocket: { type: 'string' } },
  });
  const { RUNVOY_API_ENDPOINT: apiUrl, RUNVOY_API_KEY: apiKey } = process.env;
  if (!apiUrl || !apiKey) throw new SmokeProblem('RUNVOY_API_ENDPOINT and RUNVOY_API_KEY must be set.');
  const seconds = Number(values.within);
  if (!(seconds > 0)) throw new SmokeProblem(`--within must be seconds above 0; got "${values.within}".`);
  await smokeTest({
    apiUrl: apiUrl.replace(/\/$/, ''),
    apiKey,
    websocketUrl: values.websocket,
    signal: AbortSignal.timeout(seconds * 1000),
    mark: `smoke ${randomBytes(4).toString('hex')}`,
    onStep: (text) => process.stdout.write(`smoke: ${text}\n`),
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`smoke: failed. ${error instanceof SmokeProblem ? error.message : String(error)}\n`);
    process.exit(1);
  },
);
