/** What was looked at, and what was found. Whatever is not well names what to do about it: there is no such finding without. */
export type Finding =
  | { readonly about: string; readonly outcome: 'ok'; readonly says: string }
  | {
      readonly about: string;
      /** `unknown`: it could not be looked at; nothing is said about it, good or bad. */
      readonly outcome: 'failed' | 'unknown';
      readonly says: string;
      /** A command, or one sentence that says what to do. */
      readonly fix: string;
      /** `runvoy infra apply` does that by itself. */
      readonly isRepairedByApply?: boolean;
    };

export const ok = (about: string, says: string): Finding => ({ about, outcome: 'ok', says });

export const failed = (about: string, says: string, fix: string): Finding => ({ about, outcome: 'failed', says, fix });

export const unknown = (about: string, says: string, fix: string): Finding => ({
  about,
  outcome: 'unknown',
  says,
  fix,
});

/** What keeps `apply` from beginning. */
export function blocks(finding: Finding): boolean {
  return finding.outcome === 'failed' && finding.isRepairedByApply !== true;
}
