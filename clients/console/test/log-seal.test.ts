import { expect, test } from '@jest/globals';
import type { LogEnd } from '@runvoy/sdk/follow';
import { sealLog, type HeldLog } from '../src/log-seal.ts';

const end: LogEnd = { lines: 12, sha256: 'ab'.repeat(32), completeness: 'complete' };
const held: HeldLog = { lines: 12, cursor: 12, gaps: [], sha256: 'ab'.repeat(32) };

test('a log is verified only when this page computed the stated digest over all lines', () => {
  expect(sealLog(end, held)).toMatchObject({ kind: 'verified', title: 'complete, verified' });
  expect(sealLog(end, { ...held, sha256: undefined })).toMatchObject({ kind: 'complete', title: 'complete' });
  expect(sealLog({ ...end, sha256: null }, held)).toMatchObject({ kind: 'complete' });
  expect(sealLog(end, { ...held, sha256: 'cd'.repeat(32) })).toMatchObject({ kind: 'mismatch' });
});

test('a log with fewer lines here than stated is not called complete', () => {
  expect(sealLog(end, { ...held, lines: 11 })).toMatchObject({ kind: 'gaps', title: '11 of 12 lines here' });
});

test('gaps are named, whatever the server says', () => {
  const gaps = [
    { from: 1357, to: 1361 },
    { from: 1400, to: 1400 },
  ];
  expect(sealLog(end, { ...held, gaps }).title).toBe('missing lines 1,357–1,361, line 1,400');
  expect(sealLog({ ...end, completeness: 'gaps' }, held).kind).toBe('gaps');
});

test('an unproven log says where it ends', () => {
  const seal = sealLog({ lines: 0, sha256: null, completeness: 'unproven' }, { ...held, lines: 1204, cursor: 1204 });
  expect(seal).toMatchObject({ kind: 'unproven', title: 'unproven, ends at 1,204' });
});
