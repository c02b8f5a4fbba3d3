import type { LogGap, LogLine, StatusFrame } from '@runvoy/protocol';
import type { RunSink } from './follow-run.ts';
import { gapNames } from './log-verdict-text.ts';
import type { Screen } from './screen.ts';
import type { StateNotes } from './state-notes.ts';

/** Shows a run to a person, or with `json` to a program: frames on stdout, while stderr stays as it is. */
export function logSink(screen: Screen, notes: Pick<StateNotes, 'status'> | undefined, json: boolean): RunSink {
  return {
    lines(lines: readonly LogLine[]) {
      if (json) screen.json(lines.map((line) => ({ type: 'line', ...line })));
      else screen.lines(lines);
    },
    gap(gap: LogGap) {
      if (json) screen.json([{ type: 'gap', ...gap }]);
      screen.say(`missing: ${gap.from === gap.to ? 'line' : 'lines'} ${gapNames([gap])}`, 'red');
    },
    status(frame: StatusFrame) {
      if (json) screen.json([{ ...frame, type: 'status' }]);
      notes?.status(frame);
    },
    silent(isSilent: boolean) {
      screen.say(isSilent ? 'the connection is lost; the run goes on; trying again' : 'connected again');
    },
    full: () => screen.full(),
  };
}
