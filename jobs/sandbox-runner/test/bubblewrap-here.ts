import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Why tests of bubblewrap cannot run here, as the probe says it. Where nothing may be missing, they run and fail. */
export async function whyNoBubblewrap(): Promise<string | undefined> {
  if (process.env['RUNVOY_REQUIRE_ALL'] === '1') return undefined;
  const cwd = mkdtempSync(join(tmpdir(), 'runvoy-probe-'));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'probe', 'bubblewrap', cwd], { cwd });
    return (JSON.parse(stdout) as { why?: string }).why;
  } finally {
    rmSync(cwd, { recursive: true, force: true });
  }
}
