import { LIMITS } from '@runvoy/protocol';
import { openAudit, type ActedBy } from '../audit/audit.ts';
import { Failure } from '../failure.ts';
import type { Records } from '../records/records.ts';
import type { Clock } from '../time/clock.ts';
import { defaultImageRef, imageRef, imagesByReference, type Image } from './image.ts';
import { looksLikeImageId, parseImageReference, requireImageLength } from './image-reference.ts';

/**
 * Finds the image a caller means: nothing = the default; an id = that one; a reference = the registration of exactly that reference,
 * else of the same name and tag. Of several, the default one, else the one registered last.
 * Fails with `IMAGE_NOT_FOUND`, or `UNPROCESSABLE` when the text is too long for either.
 */
export async function resolveImage(records: Records, wanted: string | undefined): Promise<Image> {
  const theDefault = (await records.get(defaultImageRef))?.value;
  const standing = theDefault?.image_id;
  if (wanted === undefined || wanted === '') {
    return theDefault?.image ?? requireImage(records, standing ?? 'the default');
  }
  requireImageLength(wanted);
  if (looksLikeImageId(wanted)) {
    const byId = await records.get(imageRef(wanted));
    if (byId) return byId.value;
  }
  const images = await listImages(records);
  const exact = images.filter((image) => image.image === wanted);
  const candidates = exact.length > 0 ? exact : images.filter((image) => sameNameAndTag(image.image, wanted));
  const newest = candidates.toSorted((a, b) => b.created_at_ms - a.created_at_ms)[0];
  const found = candidates.find((image) => image.image_id === standing) ?? newest;
  if (!found) throw new Failure('IMAGE_NOT_FOUND', wanted);
  return found;
}

async function requireImage(records: Records, imageId: string): Promise<Image> {
  const stored = await records.get(imageRef(imageId));
  if (!stored) throw new Failure('IMAGE_NOT_FOUND', imageId);
  return stored.value;
}

/** True when two references mean the same image, wherever it lies. */
export function sameNameAndTag(a: string, b: string): boolean {
  const left = parseImageReference(a);
  const right = parseImageReference(b);
  return left.name === right.name && left.tag === right.tag;
}

/** All registrations, by reference, then id. Deployments have tens, not thousands. */
export async function listImages(records: Records): Promise<readonly Image[]> {
  const images: Image[] = [];
  let from: string | undefined;
  do {
    const page = await records.page(imagesByReference, { limit: LIMITS.listPage }, from);
    images.push(...page.records.map((record) => record.value));
    from = page.next;
  } while (from !== undefined);
  return images;
}

/** The id of the default image, if there is one. */
export async function defaultImageId(records: Records): Promise<string | undefined> {
  return (await records.get(defaultImageRef))?.value.image_id;
}

/** Removes a registration by id. Removing the default leaves none. Fails with `IMAGE_NOT_FOUND` or `INVALID_REQUEST` for a reference. */
export async function removeImage(
  { records, clock }: { readonly records: Records; readonly clock: Clock },
  imageId: string,
  by: ActedBy,
  requireState: (image: Image, defaultId: string | undefined) => void = () => undefined,
): Promise<void> {
  requireImageLength(imageId);
  await records.transact(async (tx) => {
    const audit = await openAudit(tx);
    const stored = await tx.get(imageRef(imageId));
    const standing = await tx.get(defaultImageRef);
    if (!stored) {
      if (looksLikeImageId(imageId)) throw new Failure('IMAGE_NOT_FOUND', imageId);
      throw new Failure('INVALID_REQUEST', `${imageId} is not an image id such as alpine:latest-c5c74c0e.`);
    }
    requireState(stored, standing?.image_id);
    tx.delete(imageRef(imageId));
    if (standing?.image_id === imageId) tx.delete(defaultImageRef);
    audit({ at_ms: clock.now(), action: 'image.remove', by, subject: imageId, details: { image: stored.image } });
  });
}
