import { describe, expect, test } from '@jest/globals';
import { LIMITS } from '@runvoy/protocol';
import { newGitSource } from '../../src/executions/git-source.ts';

const somebody = { isAdmin: false, gitRoots: [] };
const admin = { isAdmin: true, gitRoots: ['/srv/git'] };
const url = 'https://example.com/a.git';

test('a run without a repository has no source', () => {
  expect(newGitSource({}, somebody)).toBeUndefined();
  expect(newGitSource({ git_repo: '', git_ref: '', git_path: '' }, somebody)).toBeUndefined();
});

test.each([
  ['https', url],
  ['ssh', 'ssh://git@example.com:2222/a.git'],
  ['short ssh', 'git@example.com:team/a.git'],
])('a repository by %s is accepted from anybody, on main at its root', (_, git_repo) => {
  expect(newGitSource({ git_repo }, somebody)).toEqual({ url: git_repo, ref: 'main', path: '' });
});

test('a directory of the server is for admins, where roots are named', () => {
  const file = { git_repo: 'file:///srv/git/a' };
  expect(newGitSource(file, admin)?.url).toBe('file:///srv/git/a');
  expect(() => newGitSource(file, { ...admin, isAdmin: false })).toThrow('only admins');
  expect(() => newGitSource(file, { ...admin, gitRoots: [] })).toThrow('RUNVOY_LOCAL_GIT_ROOTS');
});

test.each([
  ['/x/', 'x'],
  ['.', ''],
  ['./a//b/.', 'a/b'],
  ['', ''],
])('the path %j is %j below the root', (git_path, path) => {
  expect(newGitSource({ git_repo: url, git_path }, somebody)?.path).toBe(path);
});

describe('refused', () => {
  test.each([
    ['an option in place of a URL', { git_repo: '--upload-pack=x' }],
    ['a helper', { git_repo: 'ext::sh -c x' }],
    ['plain http', { git_repo: 'http://example.com/a' }],
    ['the git protocol', { git_repo: 'git://example.com/a' }],
    ['a plain path', { git_repo: '/srv/git/a' }],
    ['a user name', { git_repo: 'https://me@example.com/a' }],
    ['a password', { git_repo: 'https://me:pw@example.com/a' }],
    ['a password by ssh', { git_repo: 'ssh://me:pw@example.com/a' }],
    ['no URL at all', { git_repo: 'https://' }],
    ['a line feed', { git_repo: 'https://example.com/a\n' }],
    ['an option in place of a ref', { git_repo: url, git_ref: '--force' }],
    ['a ref with a blank', { git_repo: url, git_ref: 'a b' }],
    ['a path out of the repository', { git_repo: url, git_path: 'a/../../b' }],
    ['a path with a control character', { git_repo: url, git_path: 'a\u0007' }],
    ['a path without a repository', { git_path: 'a' }],
    ['too long a URL', { git_repo: `https://example.com/${'x'.repeat(LIMITS.gitUrlChars)}` }],
    ['too long a ref', { git_repo: url, git_ref: 'x'.repeat(LIMITS.gitRefChars + 1) }],
    ['too long a path', { git_repo: url, git_path: 'x'.repeat(LIMITS.gitPathChars + 1) }],
  ])('%s', (_, request) => {
    expect(() => newGitSource(request, admin)).toThrow(expect.objectContaining({ code: 'UNPROCESSABLE' }));
  });
});
