/** Which rows of a long list to draw, and where. */
export interface RowWindow {
  readonly first: number;
  /** One past the last. */
  readonly end: number;
  /** Pixels from the top of the scrolled area to the first drawn row. */
  readonly offset: number;
  /** Pixels the scrolled area claims. */
  readonly height: number;
}

export interface RowMetrics {
  readonly rows: number;
  readonly rowHeight: number;
  readonly viewHeight: number;
}

// Browsers cap the height of an element (the lowest cap is near 17.8 million pixels); above this, scrolling is scaled instead.
const TALLEST = 15_000_000;
const OVERSCAN = 12;

/** The rows around `scrollTop`, with a few beyond each edge. */
export function rowWindow(metrics: RowMetrics, scrollTop: number): RowWindow {
  const { rows, rowHeight, viewHeight } = metrics;
  const height = Math.min(rows * rowHeight, TALLEST);
  const top = Math.max(0, scrollTop) * scale(metrics);
  const first = Math.max(0, Math.min(rows, Math.floor(top / rowHeight)) - OVERSCAN);
  const end = Math.min(rows, Math.ceil((top + viewHeight) / rowHeight) + OVERSCAN);
  return { first, end, offset: scrollTop - (top - first * rowHeight), height };
}

/** The scroll position that puts `row` into the upper third of the view. */
export function scrollTopOf(metrics: RowMetrics, row: number): number {
  return Math.max(0, (row * metrics.rowHeight - metrics.viewHeight / 3) / scale(metrics));
}

function scale({ rows, rowHeight, viewHeight }: RowMetrics): number {
  const total = rows * rowHeight;
  return total <= TALLEST ? 1 : (total - viewHeight) / (TALLEST - viewHeight);
}
