import { isTerminal } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { ConnectionNotice } from './connection-notice.tsx';
import { Explanation } from './explanation.tsx';
import { LogPane } from './log-pane.tsx';
import { followLink } from './place.ts';
import { RunFacts } from './run-facts.tsx';
import { SealNote } from './seal-note.tsx';
import { StatusPill } from './status-pill.tsx';
import { statusWord, stateText } from './status-words.ts';
import { StopControl } from './stop-control.tsx';
import { useRun } from './use-run.ts';
import { useTitle } from './use-title.ts';

interface RunPageProps {
  readonly executionId: string;
  readonly line: number | undefined;
  readonly api: RunvoyClient;
  readonly onSignInAgain: () => void;
}

/** One run: its state in words, its facts, its log, and what the log is worth. */
export function RunPage({ executionId, line, api, onSignInAgain }: RunPageProps) {
  const { state, version, readAgain } = useRun(api, executionId);
  const { run, connection } = state;
  const why = run && stateText(run);
  useTitle(run === undefined ? 'Run' : `${statusWord(run.status).word} · ${run.command.trim().slice(0, 60)}`);
  return (
    <main className="run">
      <nav aria-label="Breadcrumb">
        <a href="/" onClick={followLink}>
          <span aria-hidden="true">←</span> Runs
        </a>
      </nav>
      <div className="run-head">
        <h1 className="run-command" title={run?.command.slice(0, 2_000)}>
          {run === undefined ? <span className="muted">Run {executionId}</span> : run.command.trim()}
        </h1>
        <div className="run-state">
          {run !== undefined && (
            <p role="status" className="run-state-words">
              <StatusPill status={run.status} />
              {why !== undefined && <span className="why">{why}</span>}
            </p>
          )}
          {run !== undefined && (!isTerminal(run.status) || run.cancel !== undefined) && (
            <StopControl api={api} run={run} />
          )}
        </div>
        {run !== undefined && <RunFacts run={run} />}
        {run !== undefined && <Explanation key={run.execution_id} api={api} run={run} />}
      </div>
      <ConnectionNotice connection={connection} onSignInAgain={onSignInAgain} onReadAgain={readAgain} />
      <LogPane key={state.executionId} api={api} state={state} version={version} line={line} />
      <SealNote state={state} onReadAgain={readAgain} />
    </main>
  );
}
