import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

const CHROMIUM = process.env['RUNVOY_CHROMIUM'] ?? '/usr/bin/chromium';

/** Whether there is a Chromium to drive, or must be one. */
export const isChromiumHere = existsSync(CHROMIUM) || process.env['RUNVOY_REQUIRE_ALL'] === '1';

/** The title of tests in Chromium, with the reason when they are skipped. */
export function titled(title: string): string {
  return isChromiumHere ? title : `${title} — skipped: no Chromium at ${CHROMIUM}`;
}

/** A Chromium that speaks to nobody but the page's own server. */
export function openChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  });
}
