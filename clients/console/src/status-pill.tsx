import type { ExecutionStatus } from '@runvoy/protocol';
import { statusWord } from './status-words.ts';

/** The status as a word with a mark; shape and word tell it apart without colour. */
export function StatusPill({ status }: { readonly status: ExecutionStatus }) {
  const { word, tone } = statusWord(status);
  return (
    <span className="status" data-testid="status" data-status={status} data-tone={tone}>
      <span className="status-dot" aria-hidden="true" />
      {word}
    </span>
  );
}
