import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import Fastify, { type FastifyInstance } from 'fastify';
import { consolePages } from '../src/console-pages.ts';

let root: string;
let app: FastifyInstance;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'runvoy-console-'));
  app = Fastify();
});
afterEach(async () => {
  await app.close();
  rmSync(root, { recursive: true });
});

/** A build of the console, and beside it what nobody may be given. */
function built(): FastifyInstance {
  mkdirSync(join(root, 'console', 'assets'), { recursive: true });
  writeFileSync(join(root, 'console', 'index.html'), '<title>runvoy</title>');
  writeFileSync(join(root, 'console', 'favicon.svg'), '<svg/>');
  writeFileSync(join(root, 'console', '.stamp'), 'stamp');
  writeFileSync(join(root, 'console', 'assets', 'index-abc.js'), 'let x = 1;'.repeat(100));
  writeFileSync(join(root, 'secret.js'), 'of nobody else');
  expect(consolePages(app, join(root, 'console'))).toBe(true);
  return app;
}
const get = (url: string, headers = {}) => app.inject({ url, headers });

test('without a build nothing is served', async () => {
  expect(consolePages(app, root)).toBe(false);
  expect((await get('/')).statusCode).toBe(404);
});

test.each(['/', '/logs?execution_id=1', '/executions', '/claim', '/settings'])(
  'the page is served at %s, asked for anew each time, and framed by nobody',
  async (url) => {
    built();
    const { statusCode, body, headers } = await get(url);
    expect([statusCode, body]).toEqual([200, '<title>runvoy</title>']);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining("frame-ancestors 'none'"),
    });
  },
);

test('a file that is named by its hash may be kept for ever, and travels packed to who can unpack it', async () => {
  built();
  const plain = await get('/assets/index-abc.js');
  expect(plain.headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'Accept-Encoding',
  });
  expect(plain.headers['content-encoding']).toBeUndefined();
  const packed = await get('/assets/index-abc.js', { 'accept-encoding': 'br, gzip' });
  expect(packed.headers['content-encoding']).toBe('gzip');
  expect(packed.rawPayload.length).toBeLessThan(plain.rawPayload.length);
  expect(gunzipSync(packed.rawPayload).toString()).toBe(plain.body);
});

test('who has a file already is told so, without it', async () => {
  built();
  const { headers } = await get('/');
  const again = await get('/', { 'if-none-match': headers.etag });
  expect([again.statusCode, again.body]).toEqual([304, '']);
  expect((await get('/', { 'if-none-match': '"another"' })).statusCode).toBe(200);
});

test.each([
  '/assets/../../secret.js',
  '/assets/%2e%2e/%2e%2e/secret.js',
  '/assets/..%2f..%2fsecret.js',
  '/assets/none.js',
  '/assets/',
  '/.stamp',
  '/index.html.map',
])('nothing but a build is served: not %s', async (url) => {
  built();
  const { statusCode, body } = await get(url);
  expect([statusCode, body.includes('of nobody else')]).toEqual([404, false]);
});
