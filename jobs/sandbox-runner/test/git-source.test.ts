import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { RefusedSource, checkSource } from '../src/git-source.ts';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'runvoy-git-')));
afterAll(() => rmSync(base, { recursive: true }));
mkdirSync(join(base, 'root', 'project'), { recursive: true });
mkdirSync(join(base, 'root-beside'));
mkdirSync(join(base, 'outside'));
symlinkSync(join(base, 'outside'), join(base, 'root', 'way-out'));
const roots = [join(base, 'root')];
const check = (url: string, ref = 'main') => checkSource({ url, ref, path: '' }, roots);

describe('a git source', () => {
  test.each([
    ['https://github.com/a/b.git', 'https', true],
    ['https://github.com/a/b', 'https', true],
    ['https://git.example.com:8443/a/b.git', 'https', false],
    ['https://github.com.example.com/a/b.git', 'https', false],
    ['https://github.com:444/a/b.git', 'https', false],
    ['ssh://git@github.com/a/b.git', 'ssh', false],
    ['git@github.com:a/b.git', 'ssh', false],
    [`file://${join(base, 'root', 'project')}`, 'file', false],
    [`file://${join(base, 'root')}`, 'file', false],
  ])('%s is taken', (url, protocol, isGitHub) => {
    expect(check(url)).toMatchObject({ protocol, isGitHub });
  });

  test.each([
    ['--upload-pack=touch /tmp/x'],
    ['-oProxyCommand=x'],
    ['ext::sh -c x'],
    ['ext::sh'],
    ['fd::3'],
    ['http://github.com/a/b'],
    ['git://github.com/a/b'],
    ['ftp://github.com/a/b'],
    ['https://token@github.com/a/b'],
    ['https://user:token@github.com/a/b'],
    ['https://@github.com/a/b'],
    ['ssh://git:password@github.com/a/b'],
    ['ssh://-oProxyCommand=x/a'],
    ['ssh://-x@host/a'],
    ['-x@host:a'],
    ['git@-host:a'],
    ['git@host:-a'],
    ['https://github.com/a b'],
    ['https://github.com/a\nb'],
    ['https://github.com\\@example.com/a'],
    ['/srv/repository'],
    ['../repository'],
    [''],
    [`file://${join(base, 'outside')}`],
    [`file://${join(base, 'root-beside')}`],
    [`file://${join(base, 'root', 'way-out')}`],
    [`file://${join(base, 'root')}/../outside`],
    [`file://${join(base, 'root')}/%2e%2e/outside`],
    [`file://${join(base, 'root', 'missing')}`],
    [`file://elsewhere${join(base, 'root', 'project')}`],
    ['https://github.com/' + 'a'.repeat(3_000)],
  ])('%j is refused', (url) => {
    expect(() => check(url)).toThrow(RefusedSource);
  });

  test('below no root is refused when there are none', () => {
    expect(() => checkSource({ url: `file://${base}`, ref: '', path: '' }, [])).toThrow(RefusedSource);
  });

  test.each(['--upload-pack=x', '-b', 'a b', 'a..b', 'a\nb', 'a:b', 'a^', 'a~1', '@{1}', 'a\\b', 'x'.repeat(300)])(
    'with the ref %j is refused',
    (ref) => {
      expect(() => check('https://github.com/a/b', ref)).toThrow(RefusedSource);
    },
  );

  test.each([
    ['', false],
    ['main', false],
    ['feature/ä#1', false],
    ['v1.0', false],
    ['0123456', false],
    ['0123456789abcdef0123456789abcdef01234567', true],
  ])('with the ref %j is taken', (ref, isCommit) => {
    expect(check('https://github.com/a/b', ref)).toMatchObject({ ref, isCommit });
  });
});
