import { LIMITS, type GitSource } from '@runvoy/protocol';
import { Failure } from '../failure.ts';

const REMOTE = /^(https:\/\/|ssh:\/\/)/;
/** `git@host:path`: ssh in git's short form. */
const SCP = /^[A-Za-z0-9_][\w.-]*@[\w.-]+:(?!\/\/)[^\s]+$/;

/**
 * Checks where a run's repository comes from, before anything is stored. The runner checks again: it trusts nobody.
 * Fails with `UNPROCESSABLE`, naming what was wrong.
 */
export function newGitSource(
  request: { readonly git_repo?: string; readonly git_ref?: string; readonly git_path?: string },
  allowed: { readonly isAdmin: boolean; readonly gitRoots: readonly string[] },
): GitSource | undefined {
  const { git_repo: url = '', git_ref: ref = '', git_path: path = '' } = request;
  if (url === '') {
    if (ref !== '' || path !== '') refuse('git_ref and git_path need a git_repo.');
    return undefined;
  }
  requireLength('git_repo', url, LIMITS.gitUrlChars);
  requireLength('git_ref', ref, LIMITS.gitRefChars);
  requireLength('git_path', path, LIMITS.gitPathChars);
  requireUrl(url, allowed);
  if (ref.startsWith('-') || !isPrintable(ref)) refuse(`git_ref "${ref}" is not a branch, tag or commit.`);
  return { url, ref: ref === '' ? 'main' : ref, path: relativePath(path) };
}

function requireLength(field: string, text: string, limit: number): void {
  if (text.length > limit) refuse(`${field} is ${text.length} characters; the limit is ${limit}.`);
}

function requireUrl(
  url: string,
  { isAdmin, gitRoots }: { readonly isAdmin: boolean; readonly gitRoots: readonly string[] },
): void {
  if (url.startsWith('-') || !isPrintable(url)) refuse(`git_repo "${url}" is not a URL.`);
  if (url.startsWith('file://')) {
    if (!isAdmin) refuse('git_repo: only admins may clone from a directory of the server.');
    if (gitRoots.length === 0) {
      refuse('git_repo: file: URLs need RUNVOY_LOCAL_GIT_ROOTS to name the directories they may come from.');
    }
    return;
  }
  if (SCP.test(url)) return;
  if (!REMOTE.test(url)) refuse(`git_repo "${url}" must begin with https:// or ssh://.`);
  const parsed = parseUrl(url);
  const isSsh = parsed.protocol === 'ssh:';
  if (parsed.password !== '' || (parsed.username !== '' && !isSsh)) {
    refuse('git_repo may not carry a user name or password. Put a token into env GITHUB_TOKEN instead.');
  }
}

function parseUrl(url: string): URL {
  try {
    return new URL(url);
  } catch {
    return refuse(`git_repo "${url}" is not a URL.`);
  }
}

/** runvoy's rule: a leading slash is dropped, `.` is the root; ours: the way out is not. */
function relativePath(path: string): string {
  const segments = path.split('/').filter((segment) => segment !== '' && segment !== '.');
  if (segments.includes('..') || !isPrintable(path)) refuse(`git_path "${path}" leaves the repository.`);
  return segments.join('/');
}

function isPrintable(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return !/[\u0000-\u001f\u007f\s]/.test(text);
}

function refuse(text: string): never {
  throw new Failure('UNPROCESSABLE', text);
}
