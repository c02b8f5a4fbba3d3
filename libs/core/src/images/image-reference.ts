import { createHash } from 'node:crypto';
import { LIMITS } from '@runvoy/protocol';
import { Failure } from '../failure.ts';

/** A container image reference, taken apart as runvoy does. */
export interface ImageReference {
  /** Empty for Docker Hub. */
  readonly registry: string;
  readonly name: string;
  /** The tag, or the digest (`sha256:...`) when the reference has one. */
  readonly tag: string;
}

/** Fails with `UNPROCESSABLE`. Comes before every pattern: some take time that grows with the square of the length. */
export function requireImageLength(text: string): void {
  if (text.length <= LIMITS.imageChars) return;
  throw new Failure('UNPROCESSABLE', `image is ${text.length} characters; the limit is ${LIMITS.imageChars}.`);
}

/** A part of a repository's name: lower case, as every registry has it (github.com/distribution/reference). */
const PART = '[a-z0-9]+(?:(?:[.]|_|__|-+)[a-z0-9]+)*';
const HOST = '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]+)?';
const REFERENCE = new RegExp(`^(?:${HOST}/)?${PART}(?:/${PART})*(?::[\\w][\\w.-]{0,127})?(?:@sha256:[0-9a-f]{64})?$`);

/** Fails with `UNPROCESSABLE` for a text that no registry can have an image under. */
export function requireImageReference(text: string): void {
  requireImageLength(text);
  if (REFERENCE.test(text)) return;
  const shown = `"${text.slice(0, 80)}"`;
  if (text.includes('@') && !/@sha256:[0-9a-f]{64}$/.test(text)) {
    throw new Failure('UNPROCESSABLE', `${shown} has no digest of the form @sha256: and 64 hex digits.`);
  }
  throw new Failure('UNPROCESSABLE', `${shown} is not an image reference such as alpine:3.22, in lower case.`);
}

/** Takes a reference apart; never fails: what is not a registry or a tag belongs to the name. */
export function parseImageReference(reference: string): ImageReference {
  const at = reference.indexOf('@');
  const { head, tag } = at >= 0 ? { head: reference.slice(0, at), tag: reference.slice(at + 1) } : splitTag(reference);
  const slash = head.indexOf('/');
  const first = slash >= 0 ? head.slice(0, slash) : '';
  const isRegistry = first.includes('.') || first.includes(':') || first === 'localhost';
  return { registry: isRegistry ? first : '', name: isRegistry ? head.slice(slash + 1) : head, tag };
}

/** A colon before the first slash is a registry's port, not a tag's. */
function splitTag(reference: string): { head: string; tag: string } {
  const colon = reference.lastIndexOf(':');
  if (colon < 0 || colon < reference.indexOf('/')) return { head: reference, tag: 'latest' };
  return { head: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}

/** What makes two registrations of one image different. */
export interface ImageShape {
  readonly name: string;
  readonly tag: string;
  readonly cpu: number;
  readonly memory: number;
  readonly platform: string;
  readonly network?: 'none';
  readonly taskRole?: string;
  readonly execRole?: string;
}

/** runvoy's image id, `<name>:<tag>-<8 hex>`: clients print it and pass it back. */
export function imageIdOf(shape: ImageShape): string {
  const { name, tag, cpu, memory, platform, taskRole = 'default', execRole = 'default' } = shape;
  // As runvoy has it, and only what it does not know added to it.
  const network = shape.network === undefined ? '' : `#network=${shape.network}`;
  const text = `${name}:${tag}:${cpu}:${memory}:${platform}:${taskRole}#${execRole}${network}`;
  return `${name}:${tag}-${createHash('sha256').update(text).digest('hex').slice(0, 8)}`;
}

/** True for a string of an image id's form; a reference hardly ever has it. */
export function looksLikeImageId(text: string): boolean {
  return /:.*-[0-9a-f]{8}$/.test(text);
}
