import { applyEvidence, executionsUnfinished, systemClock, type Evidence, type Execution } from '@runvoy/core';
import { openSqliteRecords } from '../records.ts';

const A_PAGE = 200;

/**
 * Ends every run in a copy of the records that had not ended: nothing of it lives where the copy is used, and what was about to start
 * has been started where it came from. Whoever starts it again would run a command twice. Says how many there were.
 *
 * A run that had made no attempt yet stays what it is, and is started where the copy is used.
 */
export async function endUnfinished(database: string, madeAtMs: number): Promise<number> {
  const records = openSqliteRecords(database);
  try {
    let ended = 0;
    let from: string | undefined;
    do {
      const page = await records.page(executionsUnfinished, { equal: { unfinished: true }, limit: A_PAGE }, from);
      for (const { id, value } of page.records) {
        if (value.facts.attempts.length === 0) continue;
        await applyEvidence({ records, clock: systemClock }, id, lost(value, madeAtMs));
        ended += 1;
      }
      from = page.next;
    } while (from !== undefined);
    return ended;
  } finally {
    records.close();
  }
}

/** Every attempt has ended, and nothing more will be heard of it here. */
function lost({ facts }: Execution, at_ms: number): readonly Evidence[] {
  return facts.attempts
    .filter((attempt) => !attempt.rejected)
    .flatMap(({ attempt, end, platform_execution = '' }): Evidence[] => [
      ...(end
        ? []
        : [
            {
              kind: 'platform_ended' as const,
              attempt,
              end: {
                platform_execution,
                at_ms,
                kind: 'exited' as const,
                reason: 'lost' as const,
                details: 'It was going on when the backup was made that this data was restored from.',
              },
            },
          ]),
      { kind: 'lane_settled', attempt },
    ]);
}
