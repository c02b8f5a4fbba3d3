const STEPS = [
  [60, 's'],
  [60, 'min'],
  [24, 'h'],
] as const;

/** When a run began: `5 min ago` for a person who looks now, otherwise UTC to the second. */
export function startedText(startedAt: string, nowMs?: number): string {
  const atMs = Date.parse(startedAt);
  if (!Number.isFinite(atMs)) return '';
  if (nowMs === undefined) return `${new Date(atMs).toISOString().slice(0, 19)}Z`;
  let amount = Math.max(0, (nowMs - atMs) / 1000);
  for (const [size, unit] of STEPS) {
    if (amount < size) return `${Math.floor(amount)} ${unit} ago`;
    amount /= size;
  }
  return amount < 30 ? `${Math.floor(amount)} d ago` : new Date(atMs).toISOString().slice(0, 10);
}

/** When a run began, on the clock of who looks: `10:57` today, otherwise the date. */
export function shortStartedText(startedAt: string, nowMs: number): string {
  const at = new Date(startedAt);
  if (!Number.isFinite(at.getTime())) return '';
  const two = (amount: number) => String(amount).padStart(2, '0');
  if (at.toDateString() === new Date(nowMs).toDateString()) return `${two(at.getHours())}:${two(at.getMinutes())}`;
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
}
