import { isTerminal, type ExecutionBody } from '@runvoy/protocol';
import { useMemo } from 'react';
import { runHref } from './deep-link.ts';
import { durationText, wholeSecondsText } from '@runvoy/sdk/texts';
import { Moment } from './moment.tsx';
import { Notice } from './notice.tsx';
import { followLink, useRunFilter } from './place.ts';
import { RunFilterForm } from './run-filter-form.tsx';
import { filterQuery, isFiltered } from './run-filter.ts';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { StatusPill } from './status-pill.tsx';
import { stateText } from './status-words.ts';
import { useNow } from './use-now.ts';
import { useRuns } from './use-runs.ts';
import { useTitle } from './use-title.ts';

const SHOWN = 50;

/** The latest runs, all or those of a filter, kept fresh while the page is visible. */
export function RunList({ api, onSignInAgain }: { readonly api: RunvoyClient; readonly onSignInAgain: () => void }) {
  const filter = useRunFilter();
  const query = useMemo(() => ({ ...filterQuery(filter), limit: String(SHOWN) }), [filter]);
  const { runs, problem } = useRuns(api, query);
  const now = useNow(1_000);
  const active = runs?.filter((run) => !isTerminal(run.status)).length ?? 0;
  useTitle(active > 0 ? `${active} running · Runs` : 'Runs');
  return (
    <main className="runs">
      <div className="runs-head">
        <h1>Runs</h1>
        {runs !== undefined && runs.length > 0 && (
          <p className="muted">
            {active > 0 ? `${active} under way` : 'none under way'}
            {runs.length >= SHOWN && `, the latest ${SHOWN} shown`}
          </p>
        )}
      </div>
      <RunFilterForm filter={filter} />
      {problem !== undefined && (
        <Notice
          tone="bad"
          action={problem.kind === 'unauthorized' ? { label: 'Sign in again', act: onSignInAgain } : undefined}
        >
          {problem.message}
          {problem.mayPass && ' Still trying.'}
          {runs !== undefined && problem.mayPass && ' What you see is the last that was known.'}
        </Notice>
      )}
      {runs === undefined && problem === undefined && (
        <p className="muted" role="status">
          Reading the runs…
        </p>
      )}
      {runs?.length === 0 && isFiltered(filter) && <p className="card empty">No run is like that.</p>}
      {runs?.length === 0 && !isFiltered(filter) && (
        <div className="card empty">
          <h2>Nothing has run yet</h2>
          <p>Start something from a terminal; it shows up here by itself:</p>
          <code className="command-line">./runvoy run 'echo hello from runvoy'</code>
        </div>
      )}
      {runs !== undefined && runs.length > 0 && (
        <table className="run-table">
          <thead>
            <tr>
              <th scope="col">Status</th>
              <th scope="col">Command</th>
              <th scope="col">By</th>
              <th scope="col">Started</th>
              <th scope="col" className="figure">
                Took
              </th>
              <th scope="col" className="figure">
                Exit
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <RunRow key={run.execution_id} run={run} now={now} />
            ))}
          </tbody>
        </table>
      )}
    </main>
  );
}

function RunRow({ run, now }: { readonly run: ExecutionBody; readonly now: number }) {
  const why = stateText(run);
  return (
    <tr data-testid="run-row" data-execution-id={run.execution_id}>
      <td className="cell-status">
        <StatusPill status={run.status} />
      </td>
      <td className="cell-command">
        <div>
          <a href={runHref(run.execution_id)} onClick={followLink} title={run.command.slice(0, 2_000)}>
            {oneLine(run.command)}
          </a>
          {why && <span className="why">{why}</span>}
        </div>
      </td>
      <td className="cell-user">{run.created_by}</td>
      <td className="cell-started">
        <Moment at={run.started_at} now={now} />
      </td>
      <td className="figure cell-took">{tookText(run, now)}</td>
      <td className="figure cell-exit" data-bad={run.status === 'FAILED'}>
        {isTerminal(run.status) ? (
          <>
            <span className="narrow-label">exit </span>
            {run.exit_code}
          </>
        ) : (
          <span aria-label="not yet">–</span>
        )}
      </td>
    </tr>
  );
}

function oneLine(command: string): string {
  return command.slice(0, 400).replace(/\s+/g, ' ').trim() || '(blank)';
}

function tookText(run: ExecutionBody, now: number): string {
  const started = Date.parse(run.started_at);
  if (run.completed_at !== undefined) return durationText(Date.parse(run.completed_at) - started);
  return isTerminal(run.status) ? '–' : wholeSecondsText(Math.floor(Math.max(0, now - started) / 1_000));
}
