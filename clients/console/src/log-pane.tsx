import { useCallback, useEffect, useLayoutEffect, useMemo, useReducer, useRef, useState } from 'react';
import { isTerminal } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { counted } from '@runvoy/sdk/texts';
import { DownloadButton } from './download-button.tsx';
import { FoldedRows } from './folded-rows.ts';
import { LogRowView, ROW_HEIGHT } from './log-row-view.tsx';
import { goToLine } from './place.ts';
import { firstSeq, type LineGroup, type LineRow, type LogRow, type RunLog } from './run-log.ts';
import type { RunState } from './run-state.ts';
import { rowWindow, scrollTopOf } from './row-window.ts';
import { SearchBox } from './search-box.tsx';

interface LogPaneProps {
  readonly api: RunvoyClient;
  readonly state: RunState;
  /** Makes the pane draw again when `state` changes. */
  readonly version: number;
  readonly line: number | undefined;
}

/** The log: only the rows in view exist as elements, so its length does not matter. Follows the end until scrolled up. */
export function LogPane({ api, state, version, line }: LogPaneProps) {
  const { rows, lines } = state.log;
  const view = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [viewHeight, setViewHeight] = useState(600);
  const [following, setFollowing] = useState(line === undefined);
  const [timestamps, setTimestamps] = useState(false);
  const [found, setFound] = useState<ReadonlySet<number>>(NO_LINES);
  const [folds, setFolds] = useState<ReadonlySet<number>>(NO_LINES);
  const [, drawAgain] = useReducer((count: number) => count + 1, 0);
  const lastTop = useRef(0);
  const jumpedTo = useRef<number>(undefined);

  useLayoutEffect(() => {
    const element = view.current!;
    const observer = new ResizeObserver(() => setViewHeight(element.clientHeight));
    observer.observe(element);
    setViewHeight(element.clientHeight);
    return () => observer.disconnect();
  }, []);

  const folded = useMemo(() => foldRows(state.log, folds), [state, version, folds]);
  const reveal = useCallback(
    (seq: number) => {
      const around = state.log.groups.filter(({ from, through = Infinity }) => from < seq && seq <= through);
      setFolds((before) => (around.some(({ from }) => before.has(from)) ? without(before, around) : before));
    },
    [state],
  );
  const metrics = { rows: folded.count, rowHeight: ROW_HEIGHT, viewHeight };
  const shown = rowWindow(metrics, scrollTop);

  const scrollTo = useCallback((top: number) => {
    const element = view.current!;
    element.scrollTop = top;
    lastTop.current = element.scrollTop;
    setScrollTop(element.scrollTop);
  }, []);

  // After every drawing: stay at the end, or make the one jump the address asked for once that line is here.
  useLayoutEffect(() => {
    if (following) {
      const element = view.current!;
      if (element.scrollTop + element.clientHeight < element.scrollHeight - 1) scrollTo(element.scrollHeight);
    } else if (line !== undefined && jumpedTo.current !== line) {
      const row = state.log.rowOf(line);
      if (row < 0) return;
      // Folded away: it is about to be unfolded.
      if (folded.rowAt(folded.indexOf(row)) !== row) return;
      const element = view.current!;
      const target = scrollTopOf(metrics, folded.indexOf(row));
      scrollTo(target);
      // While lines are still being read the log may be too short to scroll that far: then again after the next ones.
      if (state.end !== undefined || element.scrollTop >= Math.floor(target)) jumpedTo.current = line;
    }
  });
  useEffect(() => {
    if (line === undefined) return;
    setFollowing(false);
    reveal(line);
  }, [line, reveal]);

  // Picking a line marks it where it is; only an address that comes from elsewhere moves the view.
  const picked = useCallback((seq: number) => {
    jumpedTo.current = seq;
  }, []);

  const fold = useCallback((seq: number) => {
    setFolds((before) => {
      const after = new Set(before);
      if (!after.delete(seq)) after.add(seq);
      return after;
    });
  }, []);

  function go(seq: number) {
    // Also to where the reader was sent before and has scrolled away from.
    jumpedTo.current = undefined;
    setFollowing(false);
    reveal(seq);
    drawAgain();
    goToLine(state.executionId, seq);
  }

  function scrolled() {
    const element = view.current!;
    const top = element.scrollTop;
    // A reader who scrolls has taken over from the address.
    if (top !== lastTop.current) jumpedTo.current = line;
    const atEnd = top + element.clientHeight >= element.scrollHeight - ROW_HEIGHT;
    // Growth never moves the view upwards: going up is the reader's own doing.
    if (top < lastTop.current && !atEnd) setFollowing(false);
    else if (atEnd && top > lastTop.current) setFollowing(true);
    lastTop.current = top;
    setScrollTop(top);
  }

  const last = rows.at(-1);
  const digits = String(last === undefined ? 0 : firstSeq(last)).length;
  return (
    <section className="log" aria-label="Log" data-digits={Math.min(9, Math.max(3, digits))}>
      <div className="log-bar">
        <SearchBox
          api={api}
          executionId={state.executionId}
          line={line}
          through={state.log.cursor}
          onGo={go}
          onFound={setFound}
        />
      </div>
      <div className="log-bar">
        <span className="muted figure-text">{counted(lines.length, 'line')}</span>
        {state.log.groups.length > 0 && (
          <button
            type="button"
            className="quiet"
            data-testid="fold-all"
            onClick={() => setFolds(folds.size > 0 ? NO_LINES : new Set(state.log.groups.map(({ from }) => from)))}
          >
            {folds.size > 0 ? 'Unfold all' : 'Fold all'}
          </button>
        )}
        {rows.length > 0 && <DownloadButton api={api} executionId={state.executionId} />}
        <label className="toggle">
          <input
            type="checkbox"
            checked={timestamps}
            onChange={(event) => setTimestamps(event.target.checked)}
            data-testid="timestamps"
          />
          Timestamps
        </label>
        <button
          type="button"
          hidden={rows.length === 0}
          className="quiet follow"
          aria-pressed={following}
          data-testid="follow"
          onClick={() => {
            setFollowing(true);
            scrollTo(view.current!.scrollHeight);
          }}
        >
          {!following ? 'Jump to end ↓' : state.end === undefined ? 'Following' : 'At the end'}
        </button>
      </div>
      <div
        className="log-view"
        ref={view}
        onScroll={scrolled}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label="Log lines"
      >
        {rows.length === 0 ? (
          <p className="log-empty muted">{emptyText(state)}</p>
        ) : (
          <div className="log-space" style={{ height: shown.height }}>
            <div className="log-rows" style={{ transform: `translateY(${shown.offset}px)` }}>
              {shownRows(state.log, folded, shown).map((row) => (
                <LogRowView
                  key={firstSeq(row)}
                  row={row}
                  timestamps={timestamps}
                  onPick={picked}
                  found={row.kind === 'line' && isFound(found, row)}
                  folded={row.kind === 'line' && row.marker?.kind === 'start' && folds.has(row.seq)}
                  onFold={fold}
                  marked={row.kind === 'line' && line !== undefined && line >= row.seq && line <= row.lastSeq}
                />
              ))}
            </div>
          </div>
        )}
      </div>
    </section>
  );
}

const NO_LINES: ReadonlySet<number> = new Set();

function foldRows(log: RunLog, folds: ReadonlySet<number>): FoldedRows {
  if (folds.size === 0) return new FoldedRows(log.rows.length, []);
  const hidden = log.groups
    .filter(({ from }) => folds.has(from))
    .map(({ from, through }) => ({
      first: log.rowOf(from) + 1,
      last: through === undefined ? log.rows.length - 1 : log.rowOf(through),
    }));
  return new FoldedRows(log.rows.length, hidden);
}

function shownRows(log: RunLog, folded: FoldedRows, { first, end }: { first: number; end: number }): readonly LogRow[] {
  const indices = Array.from({ length: Math.max(0, end - first) }, (_, at) => folded.rowAt(first + at));
  return indices.flatMap((index) => log.rows[index] ?? []);
}

/** A long line is one row of several pieces; what was found is one of them. */
function isFound(found: ReadonlySet<number>, { seq, lastSeq }: LineRow): boolean {
  if (found.size === 0) return false;
  for (let piece = seq; piece <= lastSeq; piece++) if (found.has(piece)) return true;
  return false;
}

function without(folds: ReadonlySet<number>, groups: readonly LineGroup[]): ReadonlySet<number> {
  const rest = new Set(folds);
  for (const { from } of groups) rest.delete(from);
  return rest;
}

function emptyText({ run, connection, end }: RunState): string {
  if (connection.kind === 'refused') return 'No lines to show.';
  if (run === undefined) return 'Reading…';
  if (end !== undefined) return 'This run wrote nothing.';
  return isTerminal(run.status) ? 'Reading…' : 'Nothing written yet. Lines appear here as they come.';
}
