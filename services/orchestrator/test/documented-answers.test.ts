import { expect, test } from '@jest/globals';
import { documentedAnswers, isOfFrontEnd, type Answer } from '../contracts/index.ts';
import { documentOf } from '../src/index.ts';
import { openWorld } from './world.ts';

await using world = await openWorld();
await world.app.ready();
const answers = documentedAnswers(documentOf(world.app, '1.2.3'));

const HEALTH = { status: 'ok', version: '1', provider: 'LOCAL' };
const healthy: Answer = {
  method: 'GET',
  url: '/api/v1/health',
  status: 200,
  headers: { 'x-request-id': 'r', 'content-type': 'application/json; charset=utf-8' },
  body: JSON.stringify(HEALTH),
};
const ERROR = {
  error: 'Unauthorized',
  code: 'UNAUTHORIZED',
  details: 'd',
  request_id: 'r',
  type: 'urn:runvoy:error:UNAUTHORIZED',
  title: 'Unauthorized',
  status: 401,
};
const whoAmI = { ...healthy, url: '/api/v1/whoami', status: 401, body: JSON.stringify(ERROR) };

test('an answer as the document says it has no problem', () => {
  expect(answers.problemsOf(healthy)).toEqual([]);
  expect(answers.problemsOf({ ...healthy, method: 'HEAD', body: '' })).toEqual([]);
  expect(answers.problemsOf(whoAmI)).toEqual([]);
});

test.each<[string, Answer, RegExp]>([
  ['status', { ...healthy, status: 418 }, /^GET \/api\/v1\/health answered 418, which is not documented/],
  ['field', { ...healthy, body: JSON.stringify({ ...HEALTH, mood: 'good' }) }, /additional properties.*mood/],
  ['missing field', { ...healthy, body: JSON.stringify({ status: 'ok' }) }, /required property 'version'/],
  ['header', { ...healthy, headers: { ...healthy.headers, 'x-mood': 'good' } }, /header x-mood/],
  [
    'missing header',
    { ...healthy, headers: { 'content-type': 'application/json' } },
    /without the header X-Request-Id/,
  ],
  ['type', { ...healthy, headers: { ...healthy.headers, 'content-type': 'text/plain' } }, /text\/plain in place of/],
  ['text', { ...healthy, body: 'ok' }, /not JSON: ok/],
  ['code', { ...whoAmI, body: JSON.stringify({ ...ERROR, code: 'CLAIM_USED' }) }, /code must be equal to one of/],
  ['field of a refusal', { ...whoAmI, body: JSON.stringify({ ...ERROR, mood: 'bad' }) }, /mood/],
  ['path', { ...healthy, url: '/api/v1/nowhere' }, /GET \/api\/v1\/nowhere answered 200, and no operation is there/],
  [
    'element of a list',
    { ...healthy, url: '/api/v1/users', body: JSON.stringify({ users: [{ email: 'kim@example.com' }] }) },
    /\/users\/0 must have required property 'role'/,
  ],
  [
    'body where there is none',
    { ...healthy, method: 'DELETE', url: `/api/v1/executions/${'0'.repeat(32)}`, status: 204, body: 'gone' },
    /answered 204 with a body/,
  ],
])('an undocumented %s is named with its operation', (_, answer, problem) => {
  expect(answers.problemsOf(answer)).toEqual([expect.stringMatching(problem)]);
});

test('an image is found by a name with slashes, raw and encoded', () => {
  const refused = { ...whoAmI, status: 418 };
  for (const url of ['/api/v1/images/a/b:1', '/api/v1/images/a%2Fb:1']) {
    expect(answers.problemsOf({ ...refused, url })).toEqual([
      expect.stringMatching(/^GET \/api\/v1\/images\/\{image\} /),
    ]);
  }
});

test('what a front end says of an instance that is gone is told from an answer of ours that lost its request id', () => {
  const gone: Answer = { ...healthy, status: 503, headers: { 'content-type': 'text/html; charset=UTF-8' }, body: '' };
  expect(isOfFrontEnd(gone)).toBe(true);
  for (const ours of [
    { ...gone, status: 500 },
    { ...gone, body: 'Service Unavailable' },
    { ...gone, headers: { 'content-type': 'application/json' } },
    { ...gone, headers: { ...gone.headers, 'x-request-id': 'r' } },
  ]) {
    expect(isOfFrontEnd(ours)).toBe(false);
    expect(answers.problemsOf(ours)).not.toEqual([]);
  }
});
