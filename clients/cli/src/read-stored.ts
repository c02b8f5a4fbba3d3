import type { LogLine, LogsBody } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { lineOf, PAGE_LINES, type LogTally } from '@runvoy/sdk/follow';
import type { RunSink } from './log-sink.ts';

/** Reads what is stored of a log from where `tally` stands. Returns its last page; undefined when `gone` aborted. */
export async function readStored(
  api: Pick<RunvoyClient, 'logPage'>,
  id: string,
  tally: LogTally,
  sink: Pick<RunSink, 'lines' | 'gap' | 'full'>,
  gone?: AbortSignal,
): Promise<LogsBody | undefined> {
  for (;;) {
    const page = await api.logPage(id, tally.cursor, PAGE_LINES);
    const lines = (page.events ?? []).map(lineOf);
    take(lines, sink, tally);
    await sink.full();
    if (gone?.aborted) return undefined;
    if (page.next_after === undefined || lines.length === 0) return page;
  }
}

/** What is missing of a stored log is named where it is missing. */
function take(lines: readonly LogLine[], sink: Pick<RunSink, 'lines' | 'gap'>, tally: LogTally): void {
  for (;;) {
    const { fresh, isWhole } = tally.take(lines);
    if (fresh.length > 0) sink.lines(fresh);
    if (isWhole) return;
    const next = lines.find((line) => line.seq > tally.cursor);
    const gap = next && tally.skip(next.seq - 1);
    if (gap) sink.gap(gap);
  }
}
