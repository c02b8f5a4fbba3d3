import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { cloudSdkWith } from './cloud-sdk.ts';

const CHECK = fileURLToPath(new URL('check-gcloud.py', import.meta.url));
const sdk = cloudSdkWith('data/cli/gcloud_completions.py');

/** Whether commands can be looked up here. */
export const withSdk = sdk !== undefined || process.env['RUNVOY_REQUIRE_ALL'] === '1';
export const withoutSdk = withSdk ? '' : ' — skipped: no Cloud SDK on this machine';

interface Checked {
  readonly commands: number;
  readonly problems: readonly string[];
}

/** Every `gcloud` of these texts of shell, looked up in the command tree of the Cloud SDK that is installed. */
export function checkedCommands(texts: Readonly<Record<string, string>>): Checked {
  const { stdout, stderr } = spawnSync('python3', [CHECK, sdk ?? ''], {
    encoding: 'utf8',
    input: JSON.stringify(texts),
  });
  if (stderr !== '') throw new Error(stderr);
  return JSON.parse(stdout) as Checked;
}
