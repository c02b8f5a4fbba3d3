import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';

/** The root of the Cloud SDK that `gcloud` belongs to, where it has this file. */
export function cloudSdkWith(file: string): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const gcloud = folders.map((folder) => join(folder, 'gcloud')).find((path) => existsSync(path));
  const sdk = gcloud === undefined ? undefined : dirname(dirname(realpathSync(gcloud)));
  return sdk !== undefined && existsSync(join(sdk, file)) ? sdk : undefined;
}
