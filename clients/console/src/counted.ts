const GROUPED = new Intl.NumberFormat('en-US');

/** `1204` as `1,204`. */
export function grouped(count: number): string {
  return GROUPED.format(count);
}

/** `1 line`, `1,204 lines`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}
