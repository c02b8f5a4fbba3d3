import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseImage, resolveImage } from '../image/resolve-image.ts';

const TOOL = fileURLToPath(new URL('../pin-bases.ts', import.meta.url));
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** A registry as the OCI distribution specification has it: a manifest for whoever brings the token that it sent them for. */
const registry = {
  images: new Map<string, string>(),
  /** What it calls a manifest, when that is not what it is. */
  misnames: undefined as string | undefined,
  isDown: false,
};
const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const indexFor = (...platforms: string[]) =>
  JSON.stringify({
    schemaVersion: 2,
    mediaType: INDEX,
    manifests: platforms.map((platform) => {
      const [os, architecture] = platform.split('/');
      return {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest: digestOf(platform),
        platform: { os, architecture },
      };
    }),
  });

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url!, `http://${request.headers.host}`);
  const end = (status: number, headers: Record<string, string>, body = '') =>
    void response.writeHead(status, headers).end(body);
  if (registry.isDown) return end(503, {});
  if (url.pathname === '/token')
    return end(200, {}, JSON.stringify({ token: `let-in ${url.searchParams.get('scope')}` }));
  const [, repository, tag] = /^\/v2\/(.+)\/manifests\/([\w.-]+)$/.exec(url.pathname) ?? [];
  const scope = `repository:${repository}:pull`;
  if (request.headers.authorization !== `Bearer let-in ${scope}`) {
    const challenge = `Bearer realm="http://${request.headers.host}/token",service="registry.example",scope="${scope}"`;
    return end(401, { 'WWW-Authenticate': challenge });
  }
  const manifest = registry.images.get(`${repository}:${tag}`);
  if (manifest === undefined) return end(404, {});
  // Without being told that a list is welcome, a registry answers with the image of some platform.
  if (!request.headers.accept?.includes(INDEX)) return end(200, {}, '{"schemaVersion":2}');
  return end(
    200,
    { 'Content-Type': INDEX, 'Docker-Content-Digest': registry.misnames ?? digestOf(manifest) },
    manifest,
  );
}

const server = createServer(answer);
let host = '';
const directory = mkdtempSync(join(tmpdir(), 'runvoy-bases-'));
const file = join(directory, 'Dockerfile.args');
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true, force: true });
});
beforeEach(() => {
  const both = indexFor('linux/amd64', 'linux/arm64');
  registry.images = new Map([
    ['library/node:26', both],
    ['distroless/cc:nonroot', indexFor('linux/amd64')],
  ]);
  registry.misnames = undefined;
  registry.isDown = false;
});

async function pin(...lines: string[]) {
  writeFileSync(file, lines.join('\n'));
  const child = execFile(process.execPath, [TOOL, file]);
  let said = '';
  child.stderr!.on('data', (text: string) => (said += text));
  const [code] = (await once(child, 'close')) as [number];
  return { code, said, lines: readFileSync(file, 'utf8').split('\n') };
}

describe('pinning the bases', () => {
  test('writes behind each tag the digest of what its registry sends, and leaves the rest of the file', async () => {
    const before = [
      '# Bases.',
      `NODE_IMAGE=${host}/library/node:26`,
      '',
      `SERVICE_BASE=${host}/distroless/cc:nonroot`,
      '',
    ];
    const { code, said, lines } = await pin(...before);
    expect([code, said]).toEqual([0, '']);
    expect(lines).toEqual([
      '# Bases.',
      `NODE_IMAGE=${host}/library/node:26@${digestOf(registry.images.get('library/node:26')!)}`,
      '',
      `SERVICE_BASE=${host}/distroless/cc:nonroot@${digestOf(registry.images.get('distroless/cc:nonroot')!)}`,
      '',
    ]);
    // The tag moves on, and so does what is written at the next release.
    registry.images.set('library/node:26', indexFor('linux/amd64', 'linux/s390x'));
    const next = await pin(...lines);
    expect(next.lines[1]).toBe(
      `NODE_IMAGE=${host}/library/node:26@${digestOf(registry.images.get('library/node:26')!)}`,
    );
    expect(next.lines[3]).toBe(lines[3]);
  });

  test('writes none when one of them is not there', async () => {
    const before = [`NODE_IMAGE=${host}/library/node:26`, `SERVICE_BASE=${host}/distroless/cc:gone`];
    const { code, said, lines } = await pin(...before);
    expect([code, lines]).toEqual([1, before]);
    expect(said).toBe(`${host}/distroless/cc:gone: the registry answered 404.\n${file} is as it was.\n`);
  });
});

describe('the digest of an image', () => {
  const asked = async (image = 'library/node:26') => resolveImage(parseImage(`${host}/${image}`));

  test('is refused when the registry calls its manifest something else', async () => {
    registry.misnames = digestOf('another');
    await expect(asked()).rejects.toThrow(`and called it ${digestOf('another')}`);
  });

  test('is refused when Cloud Run could not run it', async () => {
    registry.images.set('library/node:26', indexFor('linux/arm64'));
    await expect(asked()).rejects.toThrow('node:26 has no image for linux/amd64');
  });

  test('is not made up when the registry is down, or not there', async () => {
    registry.isDown = true;
    await expect(asked()).rejects.toThrow('node:26: the registry answered 503');
    await expect(resolveImage(parseImage('127.0.0.1:1/library/node:26'))).rejects.toThrow(
      '127.0.0.1:1 does not answer',
    );
  });

  test.each(['node', 'node:26', 'library/node:26', 'docker.io/library/node', 'docker.io/library/node@sha256:00'])(
    'is not asked for %s, which leaves open whom to ask for what',
    (text) => {
      expect(() => parseImage(text)).toThrow('is no image by tag');
    },
  );
});
