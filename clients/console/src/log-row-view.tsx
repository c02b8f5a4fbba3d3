import { memo, useMemo, type CSSProperties } from 'react';
import { gapName } from './log-seal.ts';
import type { LineRow, LogRow } from './run-log.ts';
import { parseSgr, type SgrColour, type SgrStyle } from './sgr.ts';
import { groundColour, inkColour, inkOnGround } from './sgr-colour.ts';

/** Pixels; the stylesheet's `--row` says the same. */
export const ROW_HEIGHT = 20;

/** Groups within groups are shown no deeper. */
const DEEPEST = 8;

interface LogRowViewProps {
  readonly row: LogRow;
  readonly timestamps: boolean;
  /** Its number was clicked, which makes the address point at it. */
  readonly onPick: (seq: number) => void;
  /** The address points at it. */
  readonly marked: boolean;
  /** The search found it. */
  readonly found: boolean;
  /** Of a row that begins a group: whether that is folded. */
  readonly folded: boolean;
  readonly onFold: (seq: number) => void;
}

/** One row of the log. What a command wrote only ever becomes text nodes. */
export const LogRowView = memo(function LogRowView(props: LogRowViewProps) {
  const { row, timestamps, onPick, marked, found, folded, onFold } = props;
  if (row.kind === 'gap') {
    return (
      <div className="gap-row" data-testid="log-gap">
        {gapName(row)} missing
      </div>
    );
  }
  return (
    <div
      className="log-row"
      data-testid="log-line"
      data-seq={row.seq}
      data-stream={row.stream}
      data-marked={marked || undefined}
      data-found={found || undefined}
    >
      <span className="log-gutter">
        <a className="log-number" href={`#L${row.seq}`} tabIndex={-1} onClick={() => onPick(row.seq)}>
          {row.seq}
        </a>
        <span className="log-stream">{row.stream === 'stderr' ? 'err' : ''}</span>
      </span>
      {timestamps && <time className="log-time">{clockText(row.ms)}</time>}
      {row.depth > 0 && <span style={{ paddingLeft: `${2 * Math.min(row.depth, DEEPEST)}ch` }} />}
      {row.marker === undefined ? (
        <LineText row={row} />
      ) : row.marker.kind === 'end' ? (
        <span className="log-text log-group-end">┄</span>
      ) : (
        <button
          type="button"
          className="log-text log-group"
          aria-expanded={!folded}
          data-testid="log-group"
          onClick={() => onFold(row.seq)}
        >
          <span aria-hidden="true">{folded ? '▸' : '▾'} </span>
          <LineText row={{ ...row, text: row.marker.name }} />
        </button>
      )}
    </div>
  );
});

function LineText({ row }: { readonly row: LineRow }) {
  const { spans } = useMemo(() => parseSgr(row.text, row.style), [row.text, row.style]);
  return (
    <span className="log-text" data-testid="log-text">
      {spans.map(({ text, style }, index) =>
        Object.values(style).some((value) => value !== undefined) ? (
          <span key={index} style={cssOf(style)}>
            {text}
          </span>
        ) : (
          text
        ),
      )}
    </span>
  );
}

function cssOf({ fg, bg, bold, dim, italic, underline, inverse, strike }: SgrStyle): CSSProperties {
  const lines = [underline && 'underline', strike && 'line-through'].filter(Boolean).join(' ');
  return {
    ...(inverse ? inverseColours(fg, bg) : colours(fg, bg)),
    fontWeight: bold ? 650 : undefined,
    opacity: dim ? 0.65 : undefined,
    fontStyle: italic ? 'italic' : undefined,
    textDecorationLine: lines || undefined,
  };
}

function colours(fg: SgrColour | undefined, bg: SgrColour | undefined): CSSProperties {
  if (bg === undefined) return { color: fg === undefined ? undefined : inkColour(fg) };
  return { color: fg === undefined ? undefined : inkOnGround(fg), backgroundColor: groundColour(bg) };
}

function inverseColours(fg: SgrColour | undefined, bg: SgrColour | undefined): CSSProperties {
  return {
    color: bg === undefined ? 'var(--log-ground)' : inkOnGround(bg),
    backgroundColor: fg === undefined ? 'var(--log-ink)' : groundColour(fg),
  };
}

function clockText(ms: number): string {
  const at = new Date(ms);
  const two = (count: number) => String(count).padStart(2, '0');
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`;
}
