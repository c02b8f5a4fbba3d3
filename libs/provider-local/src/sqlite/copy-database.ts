import { backup, type DatabaseSync } from 'node:sqlite';

/** Copied between two turns of the event loop: small enough that nobody waits for it. */
const PAGES_A_STEP = 256;
/** A transaction of ours ends within the turn in which it began, so a second attempt in the next one nearly always begins. */
const MAX_ATTEMPTS = 1_000;

/**
 * Copies an open database into a new file, page by page, while its own connection goes on writing. What that connection commits
 * meanwhile goes into the copy, too (https://www.sqlite.org/backup.html): it is the database as it is at the last step.
 *
 * `hold` is called once, before the last step: from then on nothing may be committed until the promise has resolved, or the copy is
 * not of one moment with what is copied beside it.
 */
export async function copyDatabase(source: DatabaseSync, path: string, hold: () => void): Promise<void> {
  let isHeld = false;
  const holdOnce = () => {
    if (isHeld) return;
    isHeld = true;
    hold();
  };
  const { page_count: pages } = source.prepare('PRAGMA page_count').get() as { page_count: number };
  if (pages <= PAGES_A_STEP) holdOnce();
  for (let attempt = 1; ; attempt += 1) {
    try {
      await backup(source, path, {
        rate: PAGES_A_STEP,
        progress: ({ remainingPages }) => {
          if (remainingPages <= PAGES_A_STEP) holdOnce();
        },
      });
      break;
    } catch (error) {
      if (!foundTransactionOpen(error) || attempt >= MAX_ATTEMPTS) throw error;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }
  holdOnce();
}

/**
 * True of the rejection of a backup whose first step came while its source was within a transaction. SQLite says busy and sets no error
 * code, and Node repeats a busy step only once pages are known to remain: so it rejects with code 0, "not an error" (seen on 26.10.0).
 */
function foundTransactionOpen(error: unknown): boolean {
  return (error as { readonly errcode?: number }).errcode === 0;
}
