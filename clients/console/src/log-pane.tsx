import { useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { isTerminal } from '@runvoy/protocol';
import { counted } from '@runvoy/sdk/texts';
import { LogRowView, ROW_HEIGHT } from './log-row-view.tsx';
import { firstSeq } from './run-log.ts';
import type { RunState } from './run-state.ts';
import { rowWindow, scrollTopOf } from './row-window.ts';

interface LogPaneProps {
  readonly state: RunState;
  /** Makes the pane draw again when `state` changes. */
  readonly version: number;
  readonly line: number | undefined;
}

/** The log: only the rows in view exist as elements, so its length does not matter. Follows the end until scrolled up. */
export function LogPane({ state, line }: LogPaneProps) {
  const { rows, lines } = state.log;
  const view = useRef<HTMLDivElement>(null);
  const [scrollTop, setScrollTop] = useState(0);
  const [viewHeight, setViewHeight] = useState(600);
  const [following, setFollowing] = useState(line === undefined);
  const [timestamps, setTimestamps] = useState(false);
  const lastTop = useRef(0);
  const jumpedTo = useRef<number>(undefined);

  useLayoutEffect(() => {
    const element = view.current!;
    const observer = new ResizeObserver(() => setViewHeight(element.clientHeight));
    observer.observe(element);
    setViewHeight(element.clientHeight);
    return () => observer.disconnect();
  }, []);

  const metrics = { rows: rows.length, rowHeight: ROW_HEIGHT, viewHeight };
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
      const element = view.current!;
      const target = scrollTopOf(metrics, row);
      scrollTo(target);
      // While lines are still being read the log may be too short to scroll that far: then again after the next ones.
      if (state.end !== undefined || element.scrollTop >= Math.floor(target)) jumpedTo.current = line;
    }
  });
  useEffect(() => {
    if (line !== undefined) setFollowing(false);
  }, [line]);

  // Picking a line marks it where it is; only an address that comes from elsewhere moves the view.
  const picked = useCallback((seq: number) => {
    jumpedTo.current = seq;
  }, []);

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
        <span className="muted figure-text">{counted(lines.length, 'line')}</span>
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
              {rows.slice(shown.first, shown.end).map((row) => (
                <LogRowView
                  key={firstSeq(row)}
                  row={row}
                  timestamps={timestamps}
                  onPick={picked}
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

function emptyText({ run, connection, end }: RunState): string {
  if (connection.kind === 'refused') return 'No lines to show.';
  if (run === undefined) return 'Reading…';
  if (end !== undefined) return 'This run wrote nothing.';
  return isTerminal(run.status) ? 'Reading…' : 'Nothing written yet. Lines appear here as they come.';
}
