import type { LogGap, LogLine, StatusFrame } from '@runvoy/protocol';
import { RunvoyError } from '@runvoy/sdk/client';
import type { ConnectionEvent, EndEvent, RunEvent } from '@runvoy/sdk/follow';
import { gapNames } from './log-verdict-text.ts';
import type { Screen } from './screen.ts';
import type { StateNotes } from './state-notes.ts';

/** Where a run's log and states go. */
export interface RunSink {
  lines(lines: readonly LogLine[]): void;
  gap(gap: LogGap): void;
  status(frame: StatusFrame): void;
  connection(event: ConnectionEvent): void;
  /** Undefined when there is room; otherwise resolves when there is again. */
  full(): Promise<void> | undefined;
}

/** Shows a run to a person, or with `json` to a program: frames on stdout, while stderr stays as it is. */
export function logSink(screen: Screen, notes: Pick<StateNotes, 'status'> | undefined, json: boolean): RunSink {
  let isLost = false;
  return {
    lines(lines) {
      if (json) screen.json(lines.map((line) => ({ type: 'line', ...line })));
      else screen.lines(lines);
    },
    gap({ from, to }) {
      if (json) screen.json([{ type: 'gap', from, to }]);
      screen.say(`missing: ${from === to ? 'line' : 'lines'} ${gapNames([{ from, to }])}`, 'red');
    },
    status(frame) {
      if (json) screen.json([{ ...frame, type: 'status' }]);
      notes?.status(frame);
    },
    connection(event) {
      // One break is mended before anybody would notice.
      const isLostNow = event.state === 'lost' && (isLost || event.attempt > 1);
      if (isLostNow === isLost) return;
      isLost = isLostNow;
      screen.say(isLost ? 'the connection is lost; the run goes on; trying again' : 'connected again');
    },
    full: () => screen.full(),
  };
}

/** How the following of a run was over: it ended, it was left, or the server was not heard of for too long. */
export type Followed = EndEvent | 'left' | 'silent';

/** Shows a run until it ends or nobody follows it any more. Takes no more than there is room for. */
export async function showRun(events: AsyncIterable<RunEvent>, sink: RunSink): Promise<Followed> {
  try {
    for await (const event of events) {
      if (event.type === 'end') return event;
      show(event, sink);
      if (event.type === 'lines') await sink.full();
    }
    return 'left';
  } catch (error) {
    if (error instanceof RunvoyError && error.code === 'SILENT') return 'silent';
    throw error;
  }
}

function show(event: Exclude<RunEvent, EndEvent>, sink: RunSink): void {
  switch (event.type) {
    case 'lines':
      return sink.lines(event.lines);
    case 'gap':
      return sink.gap(event);
    case 'status':
      return sink.status(event);
    case 'connection':
      return sink.connection(event);
    case 'run':
    // Its state follows as one of its own.
  }
}
