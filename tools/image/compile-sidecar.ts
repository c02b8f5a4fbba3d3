/**
 * Starts the sidecar once without an order, so that `NODE_COMPILE_CACHE` holds compiled what a run needs: taking the types away anew is
 * most of its start. It loads everything before it looks for its order, names what it was not told and ends with 1; anything else is
 * a failure.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../jobs/sandbox-runner/src/main.ts', import.meta.url));

const cache = process.env['NODE_COMPILE_CACHE'];
if (cache === undefined) throw new Error('NODE_COMPILE_CACHE is not set: nothing would be kept.');
const env = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: cache };
const { status, stderr } = spawnSync(process.execPath, [MAIN, 'sidecar'], { env, encoding: 'utf8' });
if (status !== 1 || !stderr.includes('RUNVOY_EXECUTION_ID is not set')) {
  throw new Error(`The sidecar ended with ${status}: ${stderr}`);
}
