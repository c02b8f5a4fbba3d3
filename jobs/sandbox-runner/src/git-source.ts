import { realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GitSource, LIMITS } from '@runvoy/protocol';

/** A source that git may be given. */
export interface CheckedSource {
  /** What git is told; for `file` with every symlink resolved. */
  readonly url: string;
  readonly protocol: 'https' | 'ssh' | 'file';
  /** The local directory of a `file` source. */
  readonly directory?: string;
  /** Whether a GitHub token may be offered to it. */
  readonly isGitHub: boolean;
  readonly ref: string;
  /** `ref` is a full commit id, which `clone --branch` does not take. */
  readonly isCommit: boolean;
}

/** Says why a source is refused, in words for the log. */
export class RefusedSource extends Error {}

/**
 * Decides what git may fetch from: https, ssh, and file below one of `roots`. Credentials in an address would end in the
 * clone's configuration and in logs; a user name alone is needed by ssh and is none. The API checks too, this is the last line.
 */
export function checkSource(source: GitSource, roots: readonly string[]): CheckedSource {
  const { url, ref } = source;
  if (url.length > LIMITS.gitUrlChars)
    throw new RefusedSource(`the address is longer than ${LIMITS.gitUrlChars} characters`);
  if (ref.length > LIMITS.gitRefChars)
    throw new RefusedSource(`the ref is longer than ${LIMITS.gitRefChars} characters`);
  if (url.startsWith('-') || ref.startsWith('-')) throw new RefusedSource('an address or a ref may not begin with "-"');
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for.
  if (/[\u0000-\u0020\u007f\\]/.test(url))
    throw new RefusedSource('the address holds a space, a backslash or a control character');
  // eslint-disable-next-line no-control-regex -- as above.
  if (/[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{/.test(ref))
    throw new RefusedSource('the ref holds a character that no ref may hold');
  return { ...checkAddress(url, roots), ref, isCommit: /^([0-9a-f]{40}|[0-9a-f]{64})$/.test(ref) };
}

function checkAddress(url: string, roots: readonly string[]): Omit<CheckedSource, 'ref' | 'isCommit'> {
  const short = /^(?:([A-Za-z0-9._][A-Za-z0-9._-]*)@)?([A-Za-z0-9][A-Za-z0-9.-]*):(?!\/\/)([^-].*)$/.exec(url);
  if (short && !/^(https?|file|ssh|git|ext|fd|ftps?)$/i.test(short[2]!))
    return { url, protocol: 'ssh', isGitHub: false };
  if (!URL.canParse(url)) throw new RefusedSource('the address is no URL');
  const parsed = new URL(url);
  if (parsed.password) throw new RefusedSource('the address carries a password');
  switch (parsed.protocol) {
    case 'https:':
      if (parsed.username || url.split('/')[2]?.includes('@'))
        throw new RefusedSource('the address carries a user name');
      if (!parsed.hostname) throw new RefusedSource('the address names no host');
      return { url, protocol: 'https', isGitHub: parsed.host === 'github.com' };
    case 'ssh:':
      if (!/^[A-Za-z0-9._[][A-Za-z0-9.:[\]_-]*$/.test(parsed.hostname))
        throw new RefusedSource('the address names no host');
      if (!/^([A-Za-z0-9._][A-Za-z0-9._-]*)?$/.test(parsed.username)) throw new RefusedSource('the user name is none');
      return { url, protocol: 'ssh', isGitHub: false };
    case 'file:':
      return checkFile(parsed, roots);
    default:
      throw new RefusedSource(`${parsed.protocol.slice(0, -1)} is not allowed; use https or ssh`);
  }
}

function checkFile(parsed: URL, roots: readonly string[]): Omit<CheckedSource, 'ref' | 'isCommit'> {
  const refused = new RefusedSource('the directory is not below one of RUNVOY_LOCAL_GIT_ROOTS');
  if (parsed.host || parsed.search || parsed.hash) throw refused;
  let directory: string;
  try {
    directory = realpathSync(fileURLToPath(parsed));
  } catch {
    // The same words as for a directory outside: what exists there is nobody's business.
    throw refused;
  }
  const isBelow = roots.some((root) => {
    try {
      const real = realpathSync(root);
      return directory === real || directory.startsWith(real.endsWith(sep) ? real : real + sep);
    } catch {
      return false;
    }
  });
  if (!isBelow) throw refused;
  return { url: `file://${encodeURI(directory)}`, protocol: 'file', directory, isGitHub: false };
}
