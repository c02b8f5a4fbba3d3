import type { Records, Tx } from '../src/records/records.ts';
import { gate } from './gate.ts';

/** How a store keeps transactions apart, where a test has to know. */
export interface StoreIsolation {
  /** A write to what an open transaction has read waits for its end, instead of making it run again. */
  readonly writesWaitForReaders: boolean;
}

/**
 * Runs `first` up to its reads, then `between`, then what `first` goes on with. Says whether `between` took effect before it;
 * where writes wait for readers it cannot, and the transaction must have seen nothing of it.
 */
export async function interleaved(
  { records, isolation }: { records: Records; isolation: StoreIsolation },
  first: (tx: Tx) => Promise<() => Promise<void>>,
  between: () => Promise<unknown>,
): Promise<boolean> {
  let started: Promise<unknown> | undefined;
  await records.transact(async (tx) => {
    const goOn = await first(tx);
    if (!started) {
      started = between();
      if (!isolation.writesWaitForReaders) await started;
    }
    await goOn();
  });
  await started;
  return !isolation.writesWaitForReaders;
}

/** Runs transactions so that each has read before any of them writes; later runs of one meet no gate. */
export async function readingTogether(
  records: Records,
  transactions: readonly ((tx: Tx) => Promise<() => void>)[],
): Promise<void> {
  const everybodyRead = gate();
  let missing = transactions.length;
  await Promise.all(
    transactions.map((change) => {
      let hasRead = false;
      return records.transact(async (tx) => {
        const write = await change(tx);
        if (!hasRead) {
          hasRead = true;
          missing -= 1;
          if (missing === 0) everybodyRead.open();
          await everybodyRead.opened;
        }
        write();
      });
    }),
  );
}
