import { isTerminal } from '@runvoy/protocol';
import { counted } from '@runvoy/sdk/texts';
import type { SealKind } from './log-seal.ts';
import type { RunState } from './run-state.ts';

const MARKS: Readonly<Record<SealKind, string>> = {
  verified: '✓',
  complete: '✓',
  gaps: '!',
  unproven: '?',
  mismatch: '✕',
  running: '…',
};

interface SealNoteProps {
  readonly state: RunState;
  readonly onReadAgain: () => void;
}

/** What the shown log is worth: still growing, complete, verified, or lacking something it names. */
export function SealNote({ state, onReadAgain }: SealNoteProps) {
  const { seal, end, log, run, connection } = state;
  if (seal === undefined) {
    return (
      <footer className="seal" data-testid="seal" data-seal={end === undefined ? 'running' : 'checking'}>
        <span className="seal-mark" aria-hidden="true">
          …
        </span>
        <p>
          <strong>{end === undefined ? counted(log.lines.length, 'line') : 'checking'}</strong>
          <span className="seal-why">
            {end !== undefined
              ? `Recomputing the digest of ${counted(log.lines.length, 'line')}.`
              : connection.kind === 'refused'
                ? 'Not read any further, for the reason above.'
                : connection.kind === 'loading' || run === undefined
                  ? 'Reading what is stored.'
                  : isTerminal(run.status)
                    ? 'The run has ended; its last lines may still be on their way.'
                    : connection.kind === 'live'
                      ? 'Live. The log is sealed when the run ends.'
                      : 'Not connected. Nothing is lost: the log is kept by the server.'}
          </span>
        </p>
      </footer>
    );
  }
  const final = seal.kind === 'verified' || seal.kind === 'complete';
  return (
    <footer className="seal" data-testid="seal" data-seal={seal.kind} role="status">
      <span className="seal-mark" aria-hidden="true">
        {MARKS[seal.kind]}
      </span>
      <p>
        <strong>{seal.title}</strong>
        <span className="seal-why">{seal.explanation}</span>
      </p>
      {!final && (
        <button type="button" className="quiet" onClick={onReadAgain}>
          Read again
        </button>
      )}
    </footer>
  );
}
