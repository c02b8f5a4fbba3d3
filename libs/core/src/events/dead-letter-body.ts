import type { DeadLetterBody } from '@runvoy/protocol';
import type { KnownDeadLetter } from './dead-letters.ts';

const rfc3339 = (ms: number): string => new Date(ms).toISOString();

/** A dead letter as lists show it. The event itself is not in it: it may hold what a command printed. */
export function deadLetterBody({ id, letter }: KnownDeadLetter): DeadLetterBody {
  const { settled } = letter;
  return {
    dead_letter_id: id,
    state: letter.state,
    event_id: letter.event_id,
    type: letter.type,
    source: letter.source,
    ...(letter.subject === undefined ? {} : { subject: letter.subject }),
    event_time: letter.event_time,
    event_bytes: letter.event_bytes,
    route: letter.route,
    reason: letter.reason,
    attempts: letter.attempts,
    deaths: letter.deaths,
    replays: letter.replays,
    first_died_at: rfc3339(letter.first_died_at_ms),
    died_at: rfc3339(letter.died_at_ms),
    ...(settled && { settled: { by: settled.by, at: rfc3339(settled.at_ms), request_id: settled.request_id } }),
    expires_at: rfc3339(letter.delete_at_ms),
  };
}
