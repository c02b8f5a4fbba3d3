import {
  authenticate,
  createFirstAdmin,
  Failure,
  issueKey,
  listUsers,
  registerImage,
  HOST_IMAGE,
  type Clock,
  type RandomBytes,
  type Records,
} from '@runvoy/core';
import { readJsonFile } from '@runvoy/runtime';

/** The admin whose machine this is, and a key that works. */
export interface LocalAdmin {
  readonly email: string;
  readonly api_key: string;
  /** This start created the first admin. */
  readonly isNew: boolean;
}

interface Deps {
  readonly records: Records;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/**
 * The first admin on the first start; later the one there is, with the key of `clientFile` or, when that works no more, a new one.
 * Whoever can read the data directory is admin of it anyway.
 */
export async function openLocalAdmin(deps: Deps, email: string, clientFile: string): Promise<LocalAdmin> {
  const created = await createFirstAdmin(deps, { email, key_name: 'local cli', request_id: 'first-start' });
  if (created) return { email: email.toLowerCase(), api_key: created.api_key, isNew: true };
  const kept = readJsonFile(clientFile)?.['api_key'];
  if (typeof kept === 'string') {
    const caller = await authenticate(deps, kept).catch(nobodyIfRefused);
    if (caller?.user.role === 'admin') return { email: caller.user.email, api_key: kept, isNew: false };
  }
  const admin = (await listUsers(deps.records)).find((user) => user.role === 'admin' && !user.revoked);
  if (!admin) throw new Error('All admins of this data directory are revoked.');
  const { api_key } = await issueKey(deps, { email: admin.email, key_name: 'local cli', request_id: 'start' });
  return { email: admin.email, api_key, isNew: false };
}

/** A refused key is replaced; a store that does not answer is not a refusal. */
function nobodyIfRefused(error: unknown): undefined {
  if (error instanceof Failure && error.status === 401) return undefined;
  throw error;
}

/** Registers "this machine" as the image of runs that name none, unless another default was chosen. */
export async function registerHostImage(deps: Deps, email: string): Promise<void> {
  await registerImage(
    deps,
    { image: HOST_IMAGE, cpu: 1_024, memory: 2_048, runtime_platform: `${process.platform}/${process.arch}` },
    { email, requestId: 'first-start' },
    'offered',
  );
}
