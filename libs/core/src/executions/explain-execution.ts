import type { ExplainBody, FaultBody, PlatformNoteBody, QueueBody, WaitingBody } from '@runvoy/protocol';
import type { PlatformView } from '../jobs/job-runner.ts';
import type { Millis } from '../time/clock.ts';
import { clockText } from '../time/time-text.ts';
import { endClause, platformName } from './end-sentences.ts';
import { rfc3339 } from './execution-body.ts';
import type { Execution, Fault } from './execution.ts';
import { tellEvidence, type Told } from './explain-evidence.ts';
import { tellNext, type Rounds } from './explain-next.ts';
import { ruleOf } from './explain-rule.ts';
import type { PlatformNotes } from './platform-notes.ts';
import { reasonLine } from './reason-line.ts';
import { reasonTextOf } from './reason-texts.ts';
import { waitingOf } from './waiting-for.ts';
import { waitingTextOf } from './waiting-texts.ts';

/** What an explanation is made of beside the run's own record. */
export interface ExplainArgs extends Rounds {
  readonly nowMs: Millis;
  /** What is known from the platform's own log, by start. */
  readonly notes?: readonly PlatformNotes[];
  /** What the platform says of the last start now, for a run that has not ended. `unknown`: it did not answer. */
  readonly seenNow?: PlatformView | 'unknown';
  /** Where it stands, when it waits for a slot. */
  readonly queue?: QueueBody;
}

/** Everything that is known of a run, in sentences. Pure: it decides nothing and stores nothing. */
export function explainExecution(execution: Execution, args: ExplainArgs): ExplainBody {
  const { reason, status, execution_id } = execution;
  const text = reason === undefined ? undefined : reasonTextOf(reason);
  const rule = ruleOf(execution);
  const waiting = tellWaiting(execution, args);
  const told = [
    ...tellImported(execution),
    ...tellEvidence(execution),
    ...tellSettled(execution),
    ...tellNow(execution, args),
  ];
  const next = tellNext(execution, args.nowMs, args);
  return {
    execution_id,
    status,
    summary: waiting && waiting.what !== waitingOf(execution)?.what ? waiting.summary : reasonLine(execution),
    ...(reason === undefined ? {} : { reason }),
    ...(text === undefined ? {} : { happened: text.happened, to_do: text.to_do }),
    ...(rule === undefined ? {} : { rule }),
    evidence: told.map(({ atMs, ...rest }) => ({ at: rfc3339(atMs), ...rest })),
    ...(waiting === undefined ? {} : { waiting_for: waiting.body }),
    ...(next.length === 0 ? {} : { next: next.map(({ atMs, ...rest }) => ({ at: rfc3339(atMs), ...rest })) }),
    faults: execution.faults.map(faultBody),
    platform_notes: (args.notes ?? []).flatMap(noteBodies),
  };
}

interface TellWaiting {
  readonly what: string;
  readonly summary: string;
  readonly body: WaitingBody;
}

/** What the platform says now is newer than what a look has noted. */
function tellWaiting(execution: Execution, { seenNow, queue }: ExplainArgs): TellWaiting | undefined {
  const stored = waitingOf(execution);
  if (!stored) return undefined;
  const isBeginning = stored.what === 'runner' || stored.what === 'platform' || execution.status === 'STARTING';
  const now =
    isBeginning && typeof seenNow === 'object' && seenNow.state === 'starting' ? seenNow.waiting_for : undefined;
  const what = now ?? stored.what;
  const { summary, happening, to_do } = waitingTextOf(what);
  const text = queue && stored.what === 'slot' ? `${happening} ${placeText(queue)}` : happening;
  return { what, summary, body: { what, text, to_do, since: rfc3339(stored.sinceMs) } };
}

function placeText({ place, waiting, limit, max_running }: QueueBody): string {
  const where = `It has place ${place} of ${waiting}`;
  if (limit === undefined || max_running === undefined) return `${where}.`;
  const runs = max_running === 1 ? 'one run' : `${max_running} runs`;
  return `${where}: no more than ${runs} ${LIMIT_TEXTS[limit]} may be under way at once.`;
}

const LIMIT_TEXTS: Readonly<Record<NonNullable<QueueBody['limit']>, string>> = {
  deployment: 'of this server',
  user: 'of each user',
  image: 'with its image',
  key: 'of its key',
};

function tellImported({ imported }: Execution): readonly Told[] {
  if (!imported) return [];
  const { at_ms, by, source } = imported;
  const text = `${by} brought it here from ${source}, where it had ended. Nothing more is known of it than what was brought.`;
  return [{ atMs: at_ms, kind: 'imported', text }];
}

function tellSettled(execution: Execution): readonly Told[] {
  const settled = execution.trail?.find(({ kind }) => kind === 'settled');
  if (!settled) return [];
  return [
    {
      atMs: settled.at_ms,
      kind: 'settled',
      text: 'With that its end was settled. It never changes any more.',
    },
  ];
}

function tellNow({ cloud, facts }: Execution, { seenNow, nowMs }: ExplainArgs): readonly Told[] {
  const attempt = facts.attempts.at(-1)?.attempt;
  if (seenNow === undefined || attempt === undefined) return [];
  const platform = platformName(cloud);
  const text =
    seenNow === 'unknown' ? `${platform} was asked just now and did not answer.` : viewText(platform, seenNow);
  return [{ atMs: nowMs, kind: 'platform_now', attempt, text }];
}

function viewText(platform: string, view: PlatformView): string {
  switch (view.state) {
    case 'absent':
      return view.never
        ? `${platform} was asked just now: nothing came of the start, and nothing can.`
        : `${platform} was asked just now and does not know of it yet. Nothing is concluded from that.`;
    case 'starting':
      return view.waiting_for === undefined
        ? `${platform} was asked just now: it is being started.`
        : `${platform} was asked just now: it is ${waitingTextOf(view.waiting_for).summary}.`;
    case 'alive':
      return view.unwatched
        ? `${platform} was asked just now: the command lives, and its runner does not. The next look has it ended.`
        : `${platform} was asked just now: it is alive.`;
    case 'ended':
      return `${platform} was asked just now: nothing of it has been alive since ${clockText(view.end.at_ms)}: ${endClause(view.end)}. The next look stores that.`;
  }
}

const FAULTS: Readonly<Record<Fault['kind'], string>> = {
  batch_mismatch: 'The same lines of the log came twice with different content. What came first was kept.',
  second_report: 'A second report came that says something else. The first one stands.',
  bootstrap_conflict: 'Somebody else claimed to be the runner of this run.',
  digest_mismatch: 'The stored log is not the one its runner sent: their checksums differ.',
};

function faultBody({ kind, at_ms, details }: Fault): FaultBody {
  return { at: rfc3339(at_ms), kind, text: `${FAULTS[kind]} (${details})` };
}

function noteBodies({ platform_execution, system, unmanaged }: PlatformNotes): readonly PlatformNoteBody[] {
  const said = system.map(({ at_ms, text }) => ({ platform_execution, at: rfc3339(at_ms), text }));
  if (unmanaged.entries === 0) return said;
  const count = unmanaged.entries === 1 ? 'One entry was' : `${unmanaged.entries} entries were`;
  const printed = `${count} printed past its runner and ${unmanaged.entries === 1 ? 'is' : 'are'} no part of its log. The first: ${unmanaged.first[0] ?? ''}`;
  return [...said, { platform_execution, text: printed }];
}
