import { isTerminal, type ExecutionStatusBody } from '@runvoy/protocol';
import { useEffect, useRef, useState } from 'react';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { problemOf } from './api-problem.ts';
import { durationText } from '@runvoy/sdk/texts';
import { stopSteps } from './status-words.ts';

type Asked = 'no' | 'sure?' | 'sending' | 'sent';

/** Stops a run, after one question, and shows how far the stop has come. */
export function StopControl({ api, run }: { readonly api: RunvoyClient; readonly run: ExecutionStatusBody }) {
  const [asked, setAsked] = useState<Asked>('no');
  const [note, setNote] = useState<string>();
  const keepRunning = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // The question replaces the button that had the focus; the harmless answer gets it.
    if (asked === 'sure?') keepRunning.current?.focus();
  }, [asked]);

  async function stop() {
    setAsked('sending');
    setNote(undefined);
    try {
      const taken = await api.stop(run.execution_id);
      setNote(taken === 'requested' ? undefined : 'There was nothing left to stop.');
      setAsked('sent');
    } catch (cause) {
      setNote(`Not stopped: ${problemOf(cause).message}`);
      setAsked('no');
    }
  }

  if (run.cancel !== undefined) return <StopProgress run={run} />;
  if (isTerminal(run.status)) return null;
  return (
    <div className="stop">
      {note !== undefined && (
        <span className="stop-note" role="alert">
          {note}
        </span>
      )}
      {asked === 'sure?' ? (
        <>
          <span id="stop-question">Stop this run?</span>
          <button type="button" className="danger" onClick={() => void stop()} data-testid="stop-confirm">
            Stop it
          </button>
          <button type="button" className="quiet" ref={keepRunning} onClick={() => setAsked('no')}>
            Keep running
          </button>
        </>
      ) : (
        <button
          type="button"
          className="danger-quiet"
          data-testid="stop-button"
          disabled={asked !== 'no' || run.status === 'TERMINATING'}
          onClick={() => setAsked('sure?')}
        >
          {asked === 'sending' || asked === 'sent' || run.status === 'TERMINATING' ? 'Stopping…' : 'Stop'}
        </button>
      )}
    </div>
  );
}

function StopProgress({ run }: { readonly run: ExecutionStatusBody }) {
  const cancel = run.cancel ?? {};
  const from = Date.parse(cancel.requested ?? '');
  const tooLate = isTerminal(run.status) && run.status !== 'STOPPED';
  return (
    <div className="stop">
      <ol className="stop-steps" aria-label="How far the stop has come" data-testid="stop-progress">
        {stopSteps(cancel).map((step, index) => (
          <li key={step.name} data-done={step.at !== undefined}>
            {step.name}
            {step.at !== undefined && index > 0 && !Number.isNaN(from) && (
              <span className="muted"> {durationText(Date.parse(step.at) - from)}</span>
            )}
          </li>
        ))}
      </ol>
      {tooLate && <span className="stop-note">The stop came too late: the run ended by itself.</span>}
    </div>
  );
}
