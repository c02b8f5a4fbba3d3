import { LIMITS, type CreateSecretRequest, type UpdateSecretRequest } from '@runvoy/protocol';
import { deedBy, type Asking } from '../access/asking.ts';
import type { Caller } from '../access/authenticate.ts';
import { isWithin } from '../access/key-scope.ts';
import { may, requirePermission } from '../access/permissions.ts';
import { normalEmail, userRef } from '../access/user.ts';
import { openAudit } from '../audit/audit.ts';
import { Failure } from '../failure.ts';
import { KEEP_NOTHING, type Keep } from '../idempotency/once.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { readDescription, requireSecretName, requireValue } from './secret-fields.ts';
import { openValue, sealValue } from './secret-value.ts';
import type { SecretVault } from './secret-vault.ts';
import { secretRef, secretsByName, type Secret } from './secret.ts';

export interface SecretDeps {
  readonly records: Records;
  readonly vault: SecretVault;
  readonly clock: Clock;
}

/** Keeps a value under a new name. Fails with `SECRET_ALREADY_EXISTS`, or naming the field that is wrong. */
export async function createSecret(
  deps: SecretDeps,
  request: CreateSecretRequest,
  by: Asking,
  keep: Keep<{ readonly name: string }> = KEEP_NOTHING,
): Promise<Secret> {
  requirePermission(by.caller, 'secrets.create');
  const name = requireSecretName(request.name);
  const key_name = request.key_name.trim();
  requireValue(key_name, request.value);
  const description = readDescription(request.description);
  const { email } = by.caller.user;
  const now = deps.clock.now();
  const secret: Secret = {
    name,
    key_name,
    ...(description === undefined ? {} : { description }),
    sealed: await sealValue(deps.vault, name, request.value),
    created_by: email,
    updated_by: email,
    owned_by: [email],
    granted_to: [],
    created_at_ms: now,
    updated_at_ms: now,
    created_by_request_id: by.requestId,
    modified_by_request_id: by.requestId,
  };
  return deps.records.transact(async (tx) => {
    const audit = await openAudit(tx);
    if (await tx.get(secretRef(name))) throw new Failure('SECRET_ALREADY_EXISTS', name);
    keep.put(tx, { name });
    tx.create(secretRef(name), secret);
    audit({ at_ms: now, action: 'secret.create', by: deedBy(by), subject: name, details: { key_name } });
    return secret;
  });
}

/** The secrets the caller may use, by name. Their values stay sealed. */
export async function listSecrets({ records }: Pick<SecretDeps, 'records'>, caller: Caller): Promise<Secret[]> {
  requirePermission(caller, 'secrets.list');
  return (await everySecret(records)).filter((secret) => mayUse(caller, secret));
}

/** All secrets by name, whoever they belong to: for what no caller is told of. */
export async function everySecret(records: Records): Promise<Secret[]> {
  const secrets: Secret[] = [];
  let from: string | undefined;
  do {
    const page = await records.page(secretsByName, { limit: LIMITS.listPage }, from);
    secrets.push(...page.records.map(({ value }) => value));
    from = page.next;
  } while (from !== undefined);
  return secrets;
}

/** One secret with its value, for who may read it; that it was read is kept before it is told. Fails with `SECRET_NOT_FOUND`. */
export async function readSecret(
  deps: SecretDeps,
  name: string,
  by: Asking,
): Promise<{ readonly secret: Secret; readonly value: string }> {
  const secret = await deps.records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const known = requireKnown(await tx.get(secretRef(name)), name, by.caller, 'secret.read');
    audit({ at_ms: deps.clock.now(), action: 'secret.read', by: deedBy(by), subject: name });
    return known;
  });
  return { secret, value: await openValue(deps.vault, secret) };
}

/**
 * Changes what is given; a field left out or empty stays. Runs that were accepted keep the value they were accepted with.
 * `requireState` is asked within the transaction and throws to refuse.
 */
export async function updateSecret(
  deps: SecretDeps,
  name: string,
  request: UpdateSecretRequest,
  by: Asking,
  requireState: (secret: Secret) => void = () => undefined,
): Promise<Secret> {
  const { value } = request;
  const description = readDescription(request.description);
  if (!request.key_name && !value && description === undefined) {
    throw new Failure('INVALID_REQUEST', 'Nothing to change: give key_name, value or description.');
  }
  // Sealed before the transaction, which may run again and does nothing but read and write.
  const sealed = value ? await sealValue(deps.vault, name, value) : undefined;
  return change(deps, name, { by, action: 'secret.update' }, (secret) => {
    requireState(secret);
    const key_name = request.key_name?.trim() || secret.key_name;
    requireValue(key_name, value || 'kept');
    return {
      ...secret,
      key_name,
      ...(sealed === undefined ? {} : { sealed }),
      ...(description === undefined ? {} : { description }),
    };
  });
}

/** Lets a user use the secret in runs. Fails with `NOT_FOUND` for a user there is not. Granting twice is no error. */
export async function grantSecret(
  deps: SecretDeps,
  name: string,
  email: string,
  by: Asking,
  requireState: (secret: Secret) => void = () => undefined,
): Promise<Secret> {
  const user = normalEmail(email);
  if (!(await deps.records.get(userRef(user)))) {
    throw new Failure('NOT_FOUND', `No user ${email.slice(0, 80)}. List them with GET /api/v1/users.`);
  }
  return change(deps, name, { by, action: 'secret.grant', details: { to: user } }, (secret) => {
    requireState(secret);
    if (secret.granted_to.includes(user)) return secret;
    if (secret.granted_to.length >= LIMITS.grantsPerSecret) {
      throw new Failure('UNPROCESSABLE', `A secret has at most ${LIMITS.grantsPerSecret} grants.`);
    }
    return { ...secret, granted_to: [...secret.granted_to, user] };
  });
}

/** Takes a grant back. Runs that were accepted go on. Taking back what was never given is no error. */
export function ungrantSecret(
  deps: SecretDeps,
  name: string,
  email: string,
  by: Asking,
  requireState: (secret: Secret) => void = () => undefined,
): Promise<Secret> {
  const user = normalEmail(email);
  return change(deps, name, { by, action: 'secret.ungrant', details: { from: user } }, (secret) => {
    requireState(secret);
    if (!secret.granted_to.includes(user)) return secret;
    return { ...secret, granted_to: secret.granted_to.filter((granted) => granted !== user) };
  });
}

/** Forgets a secret. Runs that were accepted keep its value until they end. */
export async function removeSecret(
  { records, clock }: Pick<SecretDeps, 'records' | 'clock'>,
  name: string,
  by: Asking,
  requireState: (secret: Secret) => void = () => undefined,
): Promise<void> {
  await records.transact(async (tx) => {
    const audit = await openAudit(tx);
    requireState(requireKnown(await tx.get(secretRef(name)), name, by.caller, 'secret.change'));
    tx.delete(secretRef(name));
    audit({ at_ms: clock.now(), action: 'secret.delete', by: deedBy(by), subject: name });
  });
}

/** Operators and owners, and whoever it was granted to; with a key that is held to some, those. */
export function mayUse(caller: Caller, secret: Secret): boolean {
  const holders = [...secret.owned_by, ...secret.granted_to];
  return isWithin(caller.scope.secrets, secret.name) && may(caller, 'secret.use', holders);
}

function change(
  { records, clock }: Pick<SecretDeps, 'records' | 'clock'>,
  name: string,
  deed: { readonly by: Asking; readonly action: string; readonly details?: Readonly<Record<string, string>> },
  changed: (secret: Secret) => Secret,
): Promise<Secret> {
  const { caller, requestId } = deed.by;
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const before = requireKnown(await tx.get(secretRef(name)), name, caller, 'secret.change');
    const after = changed(before);
    if (after === before) return before;
    const stored: Secret = {
      ...after,
      updated_by: caller.user.email,
      updated_at_ms: clock.now(),
      modified_by_request_id: requestId,
    };
    tx.set(secretRef(name), stored);
    audit({ ...deed, at_ms: stored.updated_at_ms, by: deedBy(deed.by), subject: name });
    return stored;
  });
}

/** Who may not, learns nothing about whether it exists. */
function requireKnown(
  secret: Secret | undefined,
  name: string,
  caller: Caller,
  permission: 'secret.read' | 'secret.change',
): Secret {
  requirePermission(caller, permission, secret?.owned_by ?? []);
  if (!isWithin(caller.scope.secrets, name)) {
    throw new Failure('FORBIDDEN', `This key is held to the secrets ${caller.scope.secrets?.join(', ')}.`);
  }
  if (!secret) throw new Failure('SECRET_NOT_FOUND', name.slice(0, 80));
  return secret;
}
