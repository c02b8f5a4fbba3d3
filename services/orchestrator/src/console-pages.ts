import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { extname, join, sep } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';

/** Only our own files run, nobody may frame the page, and no address it was opened from leaks. */
const HEADERS = {
  'Content-Security-Policy':
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
} as const;

/** Paths that the page itself routes. */
const PAGES = ['/', '/logs', '/executions', '/claim', '/settings'];

/** What a build of the console is made of. */
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The name of a file below `/assets` holds a hash of it, so that it never changes; a cache before us may keep it. */
const FOR_EVER = 'public, max-age=31536000, immutable';

interface ConsoleFile {
  readonly type: string;
  readonly body: Buffer;
  readonly gzipped: Buffer;
  readonly tag: string;
  readonly cache: string;
}

/**
 * Serves the built console from `root`, to everybody: it holds nothing but code. Answers false, and serves nothing, where there is no build.
 *
 * A build is three files, read at the first request and kept: what serves a directory from disk would take 40 ms of every start.
 */
export function consolePages(app: FastifyInstance, root: string): boolean {
  if (!existsSync(join(root, 'index.html'))) return false;
  let files: ReadonlyMap<string, ConsoleFile> | undefined;
  const send = (path: string) => (request: FastifyRequest, reply: FastifyReply) => {
    files ??= filesIn(root);
    const file = files.get(path === '' ? (request.url.split('?', 1)[0] ?? '') : path);
    if (file === undefined) return reply.callNotFound();
    void reply.headers({ ...HEADERS, 'Cache-Control': file.cache, ETag: file.tag, Vary: 'Accept-Encoding' });
    if (request.headers['if-none-match'] === file.tag) return reply.code(304).send();
    const isGzipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    if (isGzipped) void reply.header('Content-Encoding', 'gzip');
    return reply.type(file.type).send(isGzipped ? file.gzipped : file.body);
  };
  for (const page of PAGES) app.get(page, send('/index.html'));
  app.get('/favicon.svg', send(''));
  app.get('/assets/*', send(''));
  return true;
}

/** Every file of a build by its path; nothing else can be asked for. */
function filesIn(root: string): ReadonlyMap<string, ConsoleFile> {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => extname(name) in TYPES);
  return new Map(
    names.map((name) => {
      const path = `/${name.split(sep).join('/')}`;
      const body = readFileSync(join(root, name));
      const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
      const cache = path.startsWith('/assets/') ? FOR_EVER : 'no-cache';
      return [path, { type: TYPES[extname(name)]!, body, gzipped: gzipSync(body), tag, cache }];
    }),
  );
}
