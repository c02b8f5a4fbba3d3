import { readFileSync } from 'node:fs';

/** The version of this client. */
export function clientVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}

/** The version as a person reads it, or with `json` a program. */
export function clientVersionText(json: boolean): string {
  return json ? `${JSON.stringify({ client: clientVersion() })}\n` : `client    ${clientVersion()}\n`;
}
