import type { LogGap } from '@runvoy/protocol';
import { counted } from '@runvoy/sdk/texts';
import type { LogEnd, LogTally } from '@runvoy/sdk/follow';

const GAPS_NAMED = 5;

/** What is known of a log in words: `12 lines, complete, verified`. */
export function logVerdictText(tally: LogTally, end: LogEnd): string {
  const total = counted(end.lines, 'line');
  switch (tally.judge(end)) {
    case 'beyond':
      return `the log has only ${total}`;
    case 'verified':
      return `${total}, complete, verified`;
    case 'complete':
      return `${total}, complete`;
    case 'gaps':
      return `${total}, NOT complete: missing ${gapNames(tally.missing(end))}`;
    case 'mismatch':
      return `${total}, NOT verified: their SHA-256 is not the one the runner stated`;
    case 'unproven':
      return `${total}, unproven: no runner stated the end of the log`;
    case 'running':
      return `${total} so far, not settled yet`;
  }
}

/** `7, 1357-1361`. */
export function gapNames(gaps: readonly LogGap[]): string {
  const named = gaps.slice(0, GAPS_NAMED).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`));
  const more = gaps.length > GAPS_NAMED ? [`${gaps.length - GAPS_NAMED} more gaps`] : [];
  return [...named, ...more].join(', ') || 'lines';
}
