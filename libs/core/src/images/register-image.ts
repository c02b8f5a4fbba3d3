import type { RegisterImageRequest } from '@runvoy/protocol';
import { openAudit, type ActedBy } from '../audit/audit.ts';
import { Failure } from '../failure.ts';
import type { RunPolicy } from '../executions/run-policy.ts';
import { KEEP_NOTHING, type Keep } from '../idempotency/once.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { defaultImageRef, imageRef, type Image } from './image.ts';
import { imageIdOf, parseImageReference, requireImageReference } from './image-reference.ts';

/** What a registration came to. */
export interface Registered {
  readonly image_id: string;
  /** False where this image was registered in this size before. */
  readonly is_new: boolean;
}

const DEFAULT_CPU = 256;
const DEFAULT_MEMORY_MIB = 512;
/** runvoy's own, where the deployment says nothing: an image's id is made from it. */
const DEFAULT_PLATFORM = 'Linux/ARM64';

/**
 * Registers an image in one size, with or without network. The same combination again changes nothing but, when asked, the default.
 * The first image ever becomes the default unless `is_default` is false. Fails with `UNPROCESSABLE` for what is no image reference and for
 * an account the policy does not name, as which a run could do whatever it may; with `CONFLICT` for an image of another registry under
 * the same id.
 */
export async function registerImage(
  {
    records,
    clock,
    policy,
  }: { records: Records; clock: Clock; policy?: Pick<RunPolicy, 'serviceAccounts' | 'platform'> },
  request: RegisterImageRequest,
  by: ActedBy,
  // Sizes that nobody asked for are no reason to refuse a run where they cannot be enforced.
  sizes: 'demanded' | 'offered' = 'demanded',
  keep: Keep<Registered> = KEEP_NOTHING,
): Promise<Image> {
  requireAccount(request.task_role_name, policy?.serviceAccounts);
  const { is_sized, ...plain } = newImage(
    { runtime_platform: policy?.platform ?? DEFAULT_PLATFORM, ...request },
    by,
    clock.now(),
  );
  const image: Image = is_sized && sizes === 'demanded' ? { ...plain, is_sized } : plain;
  return records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const known = await tx.get(imageRef(image.image_id));
    const standing = await tx.get(defaultImageRef);
    if (known) requireSameRegistry(known, image);
    const stored = known ? withLimit(withDemand(known, image), request.max_running) : image;
    keep.put(tx, { image_id: image.image_id, is_new: !known });
    if (!known) tx.create(imageRef(image.image_id), stored);
    else if (stored !== known) tx.set(imageRef(image.image_id), stored);
    const isDefault = request.is_default ?? !standing;
    const isCopyOld = standing?.image_id === stored.image_id && stored !== known;
    const becomesDefault = isDefault && standing?.image_id !== stored.image_id;
    if (isDefault || isCopyOld) tx.set(defaultImageRef, { image_id: stored.image_id, image: stored });
    if (stored !== known || becomesDefault) {
      const limit = stored.max_running === undefined ? {} : { max_running: String(stored.max_running) };
      const details = { image: stored.image, is_default: String(isDefault), ...limit };
      audit({ at_ms: clock.now(), action: 'image.register', by, subject: stored.image_id, details });
    }
    return known ? stored : image;
  });
}

/** runvoy's id has no registry in it: of two that have an image of one name, only one can be registered in one size. */
function requireSameRegistry(known: Image, image: Image): void {
  if (parseImageReference(known.image).registry === parseImageReference(image.image).registry) return;
  throw new Failure(
    'CONFLICT',
    `${known.image} is registered under this id, ${known.image_id}, and ${image.image} would have it, too. Remove that one first.`,
  );
}

/** Our default sizes, asked for by name: from now on they are a demand. */
function withDemand(known: Image, image: Image): Image {
  return image.is_sized && !known.is_sized ? { ...known, is_sized: true } : known;
}

/** Another limit is no other image; 0 takes it away. */
function withLimit(known: Image, limit: number | undefined): Image {
  if (limit === undefined || limit === (known.max_running ?? 0)) return known;
  const { max_running: _, ...unlimited } = known;
  return limit === 0 ? unlimited : { ...unlimited, max_running: limit };
}

function requireAccount(account: string | undefined, allowed: readonly string[] | undefined): void {
  if (!account || !allowed || allowed.includes(account)) return;
  throw new Failure(
    'UNPROCESSABLE',
    `task_role_name ${account.slice(0, 120)} is no account that jobs may run as; there are ${allowed.join(', ')}.`,
  );
}

function newImage(
  request: RegisterImageRequest & { readonly runtime_platform: string },
  by: { readonly email: string; readonly requestId: string },
  nowMs: number,
): Image {
  const reference = request.image.trim();
  if (reference === '') throw new Failure('INVALID_REQUEST', 'image is required');
  requireImageReference(reference);
  const { name, tag } = parseImageReference(reference);
  const cpu = request.cpu ?? DEFAULT_CPU;
  const memory_mib = request.memory ?? DEFAULT_MEMORY_MIB;
  const { runtime_platform, task_role_name, task_execution_role_name } = request;
  const isSized = request.cpu !== undefined || request.memory !== undefined;
  const network = request.network === 'none' ? ({ network: 'none' } as const) : {};
  return {
    image_id: imageIdOf({
      name,
      tag,
      cpu,
      memory: memory_mib,
      platform: runtime_platform,
      ...network,
      ...(task_role_name === undefined ? {} : { taskRole: task_role_name }),
      ...(task_execution_role_name === undefined ? {} : { execRole: task_execution_role_name }),
    }),
    image: reference,
    cpu,
    memory_mib,
    ...(isSized ? { is_sized: true } : {}),
    ...network,
    ...(request.max_running ? { max_running: request.max_running } : {}),
    runtime_platform,
    ...(task_role_name === undefined ? {} : { task_role_name }),
    ...(task_execution_role_name === undefined ? {} : { task_execution_role_name }),
    created_by: by.email,
    owned_by: [by.email],
    created_at_ms: nowMs,
    created_by_request_id: by.requestId,
    modified_by_request_id: by.requestId,
  };
}
