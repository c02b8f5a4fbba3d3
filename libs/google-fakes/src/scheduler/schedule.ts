/** The schedule is not one of the kinds that are understood here. */
export class ScheduleProblem extends Error {}

const FIELD = /^(?:\*|\*\/\d+|\d+(?:,\d+)*)$/;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const HORIZON = 366 * 24 * 60;

/**
 * When a schedule falls due next, after a time, in UTC. Understood are minute and hour (`*`, a step, a list) with `*` for the
 * rest. Throws `ScheduleProblem` for anything else.
 */
export function nextDue(schedule: string, afterMs: number): number {
  const fields = schedule.trim().split(/\s+/);
  const [minute, hour, ...rest] = fields;
  const isKnown =
    fields.length === 5 && FIELD.test(minute!) && FIELD.test(hour!) && rest.every((field) => field === '*');
  if (!isKnown) throw new ScheduleProblem(`This fake does not understand the schedule ${JSON.stringify(schedule)}.`);
  const first = Math.floor(afterMs / MINUTE_MS) + 1;
  for (let at = first; at < first + HORIZON; at++) {
    const ms = at * MINUTE_MS;
    const isDue = holds(minute!, at % 60) && holds(hour!, Math.floor(ms / HOUR_MS) % 24);
    if (isDue) return ms;
  }
  throw new ScheduleProblem(`The schedule ${JSON.stringify(schedule)} never falls due.`);
}

function holds(field: string, value: number): boolean {
  if (field === '*') return true;
  if (field.startsWith('*/')) return value % Number(field.slice(2)) === 0;
  return field.split(',').map(Number).includes(value);
}
