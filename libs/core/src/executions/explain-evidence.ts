import type { EvidenceBodyKind } from '@runvoy/protocol';
import type { Millis } from '../time/clock.ts';
import { clockText, dateText, durationText } from '../time/time-text.ts';
import { endClause, hasBegun, platformName, platformNameWithin, reportClause, said } from './end-sentences.ts';
import type { Attempt, EndRecord, Execution, Haste, Stop } from './execution.ts';
import { reasonTextOf } from './reason-texts.ts';
import type { TrailEntry } from './trail-entry.ts';
import { trailTime } from './trail.ts';
import { waitingTextOf } from './waiting-texts.ts';

/** One thing that is known of a run, as a sentence. */
export interface Told {
  readonly atMs: Millis;
  readonly kind: EvidenceBodyKind;
  readonly attempt?: number;
  readonly text: string;
}

/** Everything that is kept of a run's life, oldest first. What was stored at the same moment stays in the order of a life. */
export function tellEvidence(execution: Execution): readonly Told[] {
  const told = [
    tellRequest(execution),
    ...tellQueue(execution),
    ...execution.facts.attempts.flatMap((attempt) => tellStart(execution, attempt)),
    ...tellBinding(execution),
    ...tellCommand(execution),
    ...tellStop(execution),
    ...tellReport(execution),
    ...execution.facts.attempts.flatMap((attempt) => tellEnd(execution, attempt)),
    ...tellRestored(execution),
  ];
  return told.toSorted((a, b) => a.atMs - b.atMs);
}

function tellRequest({ created_by, started_at_ms, imported }: Execution): Told {
  const text = imported
    ? `${created_by} asked for this run in ${imported.source}.`
    : `${created_by} asked for this run. It was stored before anything was started.`;
  return { atMs: started_at_ms, kind: 'requested', text };
}

function tellQueue({ queued, facts: { queue_timeout } }: Execution): readonly Told[] {
  if (!queued) return [];
  const most = durationText(queued.until_ms - queued.since_ms);
  const joined = `No slot was free for it: as many runs as allowed were going on. It joined the queue, for ${most} at most.`;
  const told: Told[] = [{ atMs: queued.since_ms, kind: 'queued', text: joined }];
  if (!queue_timeout) return told;
  const text = 'Its turn had not come within that time, and it left the queue.';
  return [...told, { atMs: queue_timeout.at_ms, kind: 'queue_timed_out', text }];
}

function tellStart(execution: Execution, attempt: Attempt): readonly Told[] {
  const { attempt: number, made_at_ms, platform_execution, rejected, told_to_stop } = attempt;
  const platform = platformName(execution.cloud);
  const within = platformNameWithin(execution.cloud);
  const told: Told[] = [];
  const tell = (kind: EvidenceBodyKind, atMs: Millis | undefined, text: string) =>
    told.push({ atMs: atMs ?? made_at_ms, kind, attempt: number, text });
  const answeredAtMs = trailTime(execution, 'start_answered', number);
  // Where the name is known beforehand, no answer has to be stored.
  const name = answeredAtMs === undefined && platform_execution !== undefined ? ` as ${platform_execution}` : '';
  const again =
    number === 1 ? '' : `, for the ${ordinal(number)} time, as it was proven that nothing came of the one before`;
  tell('start_made', made_at_ms, `The start was stored and handed to ${within}${name}${again}.`);
  if (answeredAtMs !== undefined) {
    tell('start_answered', answeredAtMs, `${platform} accepted the start and named it ${platform_execution}.`);
  }
  if (rejected) {
    const text = `Nothing came of this start: ${reasonTextOf(rejected.reason).summary}${said(rejected.details)}.`;
    tell('start_rejected', trailTime(execution, 'start_rejected', number), text);
  }
  if (told_to_stop) {
    const text = 'Its runner asked for the command, was told to stop instead, and never got it.';
    tell('told_to_stop', trailTime(execution, 'told_to_stop', number), text);
  }
  for (const entry of execution.trail ?? []) if (entry.attempt === number) told.push(...tellNote(execution, entry));
  return told;
}

function tellNote({ cloud, facts }: Execution, entry: TrailEntry): readonly Told[] {
  const { kind, at_ms, attempt, about } = entry;
  const of = { atMs: at_ms, ...(attempt === undefined ? {} : { attempt }) };
  switch (kind) {
    case 'waiting':
      return [{ ...of, kind, text: waitText(cloud, about, facts.bound !== undefined && at_ms >= facts.bound.at_ms) }];
    case 'cancel_sent':
      return [
        { ...of, kind, text: `${platformName(cloud)} was told to end it: ${CANCEL_CAUSES[about ?? ''] ?? about}.` },
      ];
    case 'refused':
      return [{ ...of, kind, text: `A runner asked for the command and was refused: ${about}.` }];
    default:
      return [];
  }
}

/** Before there is a runner the platform is asked; later the runner tells it by itself. */
function waitText(cloud: string, about: string | undefined, isByRunner: boolean): string {
  const who = isByRunner ? 'Its runner told how far it was' : `${platformName(cloud)} was asked`;
  return `${who}: it was ${about === undefined ? 'no longer waiting' : waitingTextOf(about).summary}.`;
}

/** By the causes of `cancel-due.ts`. */
const CANCEL_CAUSES: Readonly<Record<string, string>> = {
  conflict: 'two runners claimed it',
  stop: 'a stop was asked for, and its grace period was over',
  superseded: 'another start of the same run has the command',
  lingers: 'the command had ended, and something of it was still there half a minute later',
  unwatched: 'the command lived on after its runner had died',
  silent: 'nothing had been heard of its runner for three minutes',
};

function tellBinding(execution: Execution): readonly Told[] {
  const { bound, conflict, start_timed_out_at_ms } = execution.facts;
  const told: Told[] = [];
  if (bound) {
    const text =
      'Its runner, the small program beside the command, came up, showed the secret of this start, and received the command.';
    told.push({ atMs: bound.at_ms, kind: 'bootstrapped', attempt: bound.attempt, text });
  }
  if (start_timed_out_at_ms !== undefined) {
    const text =
      'The time for its start was over, and no runner had asked for the command. Nobody is given it any more, and whatever was there of it was told to end.';
    told.push({ atMs: start_timed_out_at_ms, kind: 'start_timed_out', text });
  }
  if (conflict)
    told.push({ atMs: conflict.at_ms, kind: 'conflict', text: `The run was claimed twice: ${conflict.details}.` });
  return told;
}

function tellCommand(execution: Execution): readonly Told[] {
  const { seen_at_ms, facts } = execution;
  const told: Told[] = [];
  if (facts.report && hasBegun(facts.report)) {
    const text = 'The command was started, by the clock of its runner.';
    told.push({ atMs: facts.report.started_at_ms, kind: 'command_started', text });
  }
  if (seen_at_ms !== undefined) {
    const text =
      'Its runner gave a sign of life, though the command printed nothing. Such signs are kept once a minute.';
    told.push({ atMs: seen_at_ms, kind: 'heard', text });
  }
  return told;
}

function tellStop({ facts: { attempts, stop, haste } }: Execution): readonly Told[] {
  if (!stop) return [];
  const { requested_at_ms, requested_by, signalled_at_ms, killed_at_ms } = stop;
  const text =
    attempts.length === 0
      ? `${requested_by} asked to stop it. It left the queue at once: nothing of it had been started.`
      : stopText(stop);
  return [
    { atMs: requested_at_ms, kind: 'stop_requested', text },
    ...(haste ? [tellHaste(haste)] : []),
    ...(signalled_at_ms === undefined
      ? []
      : [{ atMs: signalled_at_ms, kind: 'signalled' as const, text: 'The command was asked to end (SIGTERM).' }]),
    ...(killed_at_ms === undefined
      ? []
      : [{ atMs: killed_at_ms, kind: 'killed' as const, text: 'It was still there and was killed (SIGKILL).' }]),
  ];
}

function stopText({ requested_at_ms, requested_by, grace_ms, cancel_at_ms }: Stop): string {
  const left =
    grace_ms === 0
      ? 'to kill it at once'
      : `to stop it, with ${durationText(grace_ms)} for the command to end by itself`;
  const atOnce = cancel_at_ms === requested_at_ms ? ' The platform is told so at once, and again at every look.' : '';
  return `${requested_by} asked ${left}.${atOnce}`;
}

function tellHaste({ requested_at_ms, requested_by, grace_ms }: Haste): Told {
  const left = grace_ms === 0 ? 'to be killed at once' : `to have no more than ${durationText(grace_ms)}`;
  return { atMs: requested_at_ms, kind: 'stop_hastened', text: `${requested_by} asked for it ${left}.` };
}

function tellReport({ facts: { report }, end_record }: Execution): readonly Told[] {
  if (!report) return [];
  const { ended_at_ms, stored_at_ms } = report;
  const reported: Told = {
    atMs: stored_at_ms,
    kind: 'reported',
    text: `Its runner reported, signed, and this was stored: ${reportClause(report)}.${maskingText(end_record)}`,
  };
  if (!hasBegun(report)) return [reported];
  return [
    { atMs: ended_at_ms, kind: 'command_ended', text: 'The command ended, by the clock of its runner.' },
    reported,
  ];
}

/** What was kept out of the log, and what was not: who wonders about `***` finds it here. */
function maskingText(record: EndRecord | undefined): string {
  const { maskings = 0, unmasked = [] } = record ?? {};
  const places = maskings === 1 ? '1 place of its log was' : `${maskings} places of its log were`;
  return [
    maskings > 0 ? ` ${places} masked, as a secret stood there.` : '',
    unmasked.length > 0 ? ` Too short to be masked, and so perhaps in the log: ${unmasked.join(', ')}.` : '',
  ].join('');
}

function tellEnd(execution: Execution, attempt: Attempt): readonly Told[] {
  const { attempt: number, end, lane_settled } = attempt;
  if (!end) return [];
  const of = { attempt: number };
  const seenAtMs = trailTime(execution, 'end_seen', number) ?? end.at_ms;
  const text = `${platformName(execution.cloud)} says that nothing of it has been alive since ${clockText(end.at_ms)}: ${endClause(end)}.`;
  const told: Told[] = [{ ...of, atMs: seenAtMs, kind: 'platform_end', text }];
  if (lane_settled) {
    const read = 'The backup copy of its log was read after that end, and no report of the runner was in it.';
    told.push({ ...of, atMs: trailTime(execution, 'lane_read', number) ?? seenAtMs, kind: 'lane_read', text: read });
  }
  return told;
}

function tellRestored({ facts: { restored } }: Execution): readonly Told[] {
  if (!restored) return [];
  const text = `This server was restored from a backup of ${dateText(restored.backup_at_ms)}, when the run had not ended. So it is over here. The platform that it was on was not asked.`;
  return [{ atMs: restored.at_ms, kind: 'restored', text }];
}

function ordinal(number: number): string {
  return ['first', 'second', 'third', 'fourth', 'fifth'][number - 1] ?? `${number}th`;
}
