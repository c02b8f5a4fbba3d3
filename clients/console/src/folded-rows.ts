/** Rows that are not shown, both ends included. */
export interface RowRange {
  readonly first: number;
  readonly last: number;
}

/** A long list of rows of which some stretches are folded away. Costs what the stretches cost, not the rows. */
export class FoldedRows {
  readonly #hidden: RowRange[] = [];
  /** How many rows are shown before each stretch. */
  readonly #shownBefore: number[] = [];
  /** How many rows are shown. */
  readonly count: number;

  /** `hidden` may overlap and lie in any order. */
  constructor(rows: number, hidden: readonly RowRange[]) {
    let gone = 0;
    for (const { first, last } of hidden.toSorted((a, b) => a.first - b.first)) {
      const before = this.#hidden.at(-1);
      const begin = Math.max(first, (before?.last ?? -1) + 1);
      const end = Math.min(last, rows - 1);
      if (begin > end) continue;
      this.#hidden.push({ first: begin, last: end });
      this.#shownBefore.push(begin - gone);
      gone += end - begin + 1;
    }
    this.count = rows - gone;
  }

  /** The row that is shown at `index`. */
  rowAt(index: number): number {
    const at = lastNotAbove(this.#shownBefore, index);
    if (at < 0) return index;
    return this.#hidden[at]!.last + 1 + (index - this.#shownBefore[at]!);
  }

  /** Where a row is shown; of one that is folded away, where what it is folded into is. */
  indexOf(row: number): number {
    const at = lastNotAbove(
      this.#hidden.map(({ first }) => first),
      row,
    );
    if (at < 0) return row;
    const { last } = this.#hidden[at]!;
    return row <= last ? this.#shownBefore[at]! - 1 : this.#shownBefore[at]! + (row - last - 1);
  }
}

/** The place of the last of `sorted` that is not above `value`; -1 when all are. */
function lastNotAbove(sorted: readonly number[], value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
