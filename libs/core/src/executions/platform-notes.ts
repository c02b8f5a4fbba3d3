import type { Reason } from '@runvoy/protocol';
import type { PlatformEnd } from '../jobs/job-runner.ts';
import type { PlatformEntry } from '../jobs/platform-entry.ts';
import { recordIdOf } from '../records/record-id.ts';
import type { Records, Ref } from '../records/records.ts';
import type { Clock, Millis } from '../time/clock.ts';

/** What is known of one platform execution beside what its runner signed. Evidence for a person and for `reason`; never a log. */
export interface PlatformNotes {
  readonly platform_execution: string;
  /** Lines its containers printed past the runner. Only ever counted as theirs, never numbered, never shown as ours. */
  readonly unmanaged: { readonly entries: number; readonly first: readonly string[] };
  /** What the platform said: an exit, a memory limit. */
  readonly system: readonly { readonly at_ms: Millis; readonly text: string }[];
  /** The stable word of the first of them that has one. */
  readonly reason?: Reason;
  readonly delete_at_ms: Millis;
}

/** The first ones tell more than the last, and a command may print as long as it likes. */
const FIRST_KEPT = 20;
const SYSTEM_KEPT = 20;
const TEXT_CHARS = 500;
/** Beyond it entries are no longer counted: counting costs a write each, and the writer may be hostile. */
const COUNTED = 1_000;
const KEPT_MS = 30 * 86_400_000;

export const platformNotesRef = (platformExecution: string): Ref<PlatformNotes> => ({
  collection: 'platform-notes',
  id: recordIdOf(platformExecution),
});

/** Keeps an entry that is neither signed nor a hint, apart from every log, within bounds. */
export async function notePlatformEntry(
  { records, clock }: { readonly records: Records; readonly clock: Clock },
  entry: Extract<PlatformEntry, { kind: 'output' | 'system' }>,
): Promise<void> {
  const ref = platformNotesRef(entry.platform_execution);
  const known = (await records.get(ref))?.value;
  if (known && isFull(known, entry)) return;
  await records.transact(async (tx) => {
    const before = (await tx.get(ref)) ?? noNotes(entry.platform_execution, clock.now());
    if (!isFull(before, entry)) tx.set(ref, withEntry(before, entry));
  });
}

function noNotes(platform_execution: string, nowMs: Millis): PlatformNotes {
  return { platform_execution, unmanaged: { entries: 0, first: [] }, system: [], delete_at_ms: nowMs + KEPT_MS };
}

function isFull(notes: PlatformNotes, entry: Extract<PlatformEntry, { kind: 'output' | 'system' }>): boolean {
  if (entry.kind === 'output') return notes.unmanaged.entries >= COUNTED;
  // Delivered twice is one: a sink does not remove duplicates.
  const isKnown = notes.system.some(({ at_ms, text }) => at_ms === entry.at_ms && text === short(entry.text));
  return isKnown || notes.system.length >= SYSTEM_KEPT;
}

function withEntry(notes: PlatformNotes, entry: Extract<PlatformEntry, { kind: 'output' | 'system' }>): PlatformNotes {
  if (entry.kind === 'system') {
    const system = [...notes.system, { at_ms: entry.at_ms, text: short(entry.text) }];
    const reason = notes.reason ?? entry.reason;
    return { ...notes, system, ...(reason === undefined ? {} : { reason }) };
  }
  const { entries, first } = notes.unmanaged;
  const text = typeof entry.printed === 'string' ? entry.printed : JSON.stringify(entry.printed);
  return {
    ...notes,
    unmanaged: { entries: entries + 1, first: first.length < FIRST_KEPT ? [...first, short(text)] : first },
  };
}

function short(text: string): string {
  return text.slice(0, TEXT_CHARS).toWellFormed();
}

/** The end with the platform's word for it, when its log has one that its answer did not. */
export async function withNotedReason(records: Records, end: PlatformEnd): Promise<PlatformEnd> {
  if (end.kind !== 'exited' || end.reason !== undefined || end.platform_execution === '') return end;
  const notes = (await records.get(platformNotesRef(end.platform_execution)))?.value;
  if (notes?.reason === undefined) return end;
  const said = end.details ?? notes.system[0]?.text;
  return { ...end, reason: notes.reason, ...(said === undefined ? {} : { details: said }) };
}
