import type { Millis } from './clock.ts';

/** `12:00:05 UTC`, for sentences that stand beside a full time. */
export function clockText(ms: Millis): string {
  return `${new Date(ms).toISOString().slice(11, 19)} UTC`;
}

/** `2026-03-01 12:00:05 UTC`, for a moment that may be days away from what is told beside it. */
export function dateText(ms: Millis): string {
  return `${new Date(ms).toISOString().slice(0, 10)} ${clockText(ms)}`;
}

/** `0.4 s`, `12 s`, `2 min 5 s`, `3 h 20 min`. */
export function durationText(ms: Millis): string {
  if (ms < 9_950) return `${Number((Math.max(0, ms) / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return joined(`${minutes} min`, seconds % 60, 's');
  return joined(`${Math.floor(minutes / 60)} h`, minutes % 60, 'min');
}

function joined(whole: string, rest: number, unit: string): string {
  return rest === 0 ? whole : `${whole} ${rest} ${unit}`;
}
