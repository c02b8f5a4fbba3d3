import type { ChangePlaybookRequest, CreatePlaybookRequest } from '@runvoy/protocol';
import { deedBy, type Asking } from '../access/asking.ts';
import type { Caller } from '../access/authenticate.ts';
import { requirePermission, type Permission } from '../access/permissions.ts';
import { openAudit } from '../audit/audit.ts';
import { Failure } from '../failure.ts';
import { canonicalBody } from '../idempotency/canonical-body.ts';
import { KEEP_NOTHING, type Keep } from '../idempotency/once.ts';
import type { Cursor, Page, Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { newDefinition, requirePlaybookName } from './new-definition.ts';
import {
  playbookRef,
  playbooksByName,
  playbookVersionRef,
  versionsOfPlaybook,
  type Definition,
  type Playbook,
  type PlaybookVersion,
} from './playbook.ts';

export interface PlaybookDeps {
  readonly records: Records;
  readonly clock: Clock;
}

/** A playbook and one of its versions. */
export interface PlaybookAt {
  readonly playbook: Playbook;
  readonly version: PlaybookVersion;
}

interface PageAsked {
  readonly after?: Cursor | undefined;
  readonly limit: number;
}

/** Keeps a playbook under a new name. Fails with `PLAYBOOK_ALREADY_EXISTS`, or naming the field that is wrong. */
export async function createPlaybook(
  { records, clock }: PlaybookDeps,
  { name, ...asked }: CreatePlaybookRequest,
  by: Asking,
  keep: Keep<PlaybookAt> = KEEP_NOTHING,
): Promise<PlaybookAt> {
  requirePermission(by.caller, 'playbook.create');
  requirePlaybookName(name);
  const definition = await newDefinition(asked);
  const { email } = by.caller.user;
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const former = await tx.get(playbookRef(name));
    if (former?.listed) throw new Failure('PLAYBOOK_ALREADY_EXISTS', name);
    const version = newVersion(name, (former?.version ?? 0) + 1, definition, { by, nowMs: clock.now() });
    const playbook: Playbook = {
      name,
      version: version.version,
      first_version: version.version,
      listed: true,
      ...described(definition),
      owned_by: [email],
      created_by: email,
      updated_by: email,
      created_at_ms: version.created_at_ms,
      updated_at_ms: version.created_at_ms,
      created_by_request_id: by.requestId,
      modified_by_request_id: by.requestId,
    };
    keep.put(tx, { playbook, version });
    tx.create(playbookVersionRef(name, version.version), version);
    tx.set(playbookRef(name), playbook);
    audit(deedOf('playbook.create', version, by));
    return { playbook, version };
  });
}

/**
 * Makes the definition the newest version; the same as the newest makes none. Fails with `PLAYBOOK_NOT_FOUND`, or naming the field that
 * is wrong. `requireState` is asked within the transaction and throws to refuse.
 */
export async function changePlaybook(
  { records, clock }: PlaybookDeps,
  name: string,
  asked: ChangePlaybookRequest,
  by: Asking,
  requireState: (playbook: Playbook) => void = () => undefined,
): Promise<PlaybookAt> {
  requireKnown(by.caller, 'playbook.change', (await records.get(playbookRef(name)))?.value, name);
  const definition = await newDefinition(asked);
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const before = requireKnown(by.caller, 'playbook.change', await tx.get(playbookRef(name)), name);
    requireState(before);
    const newest = await tx.get(playbookVersionRef(name, before.version));
    if (newest && canonicalBody(newest.definition) === canonicalBody(definition)) {
      return { playbook: before, version: newest };
    }
    const version = newVersion(name, before.version + 1, definition, { by, nowMs: clock.now() });
    const { description: _, ...rest } = before;
    const playbook: Playbook = {
      ...rest,
      ...described(definition),
      version: version.version,
      updated_by: version.created_by,
      updated_at_ms: version.created_at_ms,
      modified_by_request_id: by.requestId,
    };
    tx.create(playbookVersionRef(name, version.version), version);
    tx.set(playbookRef(name), playbook);
    audit(deedOf('playbook.change', version, by));
    return { playbook, version };
  });
}

/** Takes a playbook away. Its versions stay, for the runs that name them, but nobody starts another. Fails with `PLAYBOOK_NOT_FOUND`. */
export async function removePlaybook(
  { records, clock }: PlaybookDeps,
  name: string,
  by: Asking,
  requireState: (playbook: Playbook) => void = () => undefined,
): Promise<void> {
  await records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const before = requireKnown(by.caller, 'playbook.delete', await tx.get(playbookRef(name)), name);
    requireState(before);
    const { listed: _, ...rest } = before;
    const nowMs = clock.now();
    tx.set(playbookRef(name), {
      ...rest,
      updated_by: by.caller.user.email,
      updated_at_ms: nowMs,
      modified_by_request_id: by.requestId,
    });
    const details = { version: String(before.version) };
    audit({ at_ms: nowMs, action: 'playbook.delete', by: deedBy(by), subject: name, details });
  });
}

/** A page of the playbooks there are, by name. */
export function listPlaybooks(records: Records, caller: Caller, { after, limit }: PageAsked): Promise<Page<Playbook>> {
  requirePermission(caller, 'playbook.read');
  return records.page(playbooksByName, { equal: { listed: true }, limit }, after);
}

/** A playbook at a version, the newest unless named. Fails with `PLAYBOOK_NOT_FOUND`. */
export async function readPlaybook(
  records: Records,
  caller: Caller,
  name: string,
  version?: number,
): Promise<PlaybookAt> {
  const playbook = requireKnown(caller, 'playbook.read', (await records.get(playbookRef(name)))?.value, name);
  const number = version ?? playbook.version;
  const isThere = number >= playbook.first_version && number <= playbook.version;
  const stored = isThere ? await records.get(playbookVersionRef(name, number)) : undefined;
  if (!stored) throw new Failure('PLAYBOOK_NOT_FOUND', `${name.slice(0, 80)}, version ${number}`);
  return { playbook, version: stored.value };
}

/** A page of a playbook's versions, the newest first. Fails with `PLAYBOOK_NOT_FOUND`. */
export async function listPlaybookVersions(
  records: Records,
  caller: Caller,
  name: string,
  { after, limit }: PageAsked,
): Promise<Page<PlaybookVersion>> {
  const playbook = requireKnown(caller, 'playbook.read', (await records.get(playbookRef(name)))?.value, name);
  return records.page(versionsOfPlaybook, { equal: { name }, to: playbook.first_version, limit }, after);
}

/** Who may not, learns nothing about whether it exists. */
function requireKnown(caller: Caller, permission: Permission, playbook: Playbook | undefined, name: string): Playbook {
  const isThere = playbook?.listed === true;
  requirePermission(caller, permission, isThere ? playbook.owned_by : []);
  if (!isThere) throw new Failure('PLAYBOOK_NOT_FOUND', name.slice(0, 80));
  return playbook;
}

function newVersion(
  name: string,
  version: number,
  definition: Definition,
  { by, nowMs }: { readonly by: Asking; readonly nowMs: number },
): PlaybookVersion {
  return {
    name,
    version,
    definition,
    created_by: by.caller.user.email,
    created_at_ms: nowMs,
    created_by_request_id: by.requestId,
  };
}

function described({ description }: Definition): { readonly description?: string } {
  return description === undefined ? {} : { description };
}

function deedOf(action: string, { name, version, created_at_ms }: PlaybookVersion, by: Asking) {
  return { at_ms: created_at_ms, action, by: deedBy(by), subject: name, details: { version: String(version) } };
}
