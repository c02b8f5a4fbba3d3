import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createTokenIssuer, openFrontEnd } from '@runvoy/google-fakes';
import type { FrontEnd } from '@runvoy/google-fakes';
import { WebSocket, WebSocketServer } from 'ws';
import { recordingServer } from './recording-server.ts';
import { until } from './until.ts';

const CALLER = 'caller@p';
const issuer = createTokenIssuer();
const foreign = createTokenIssuer();

describe('the fake front end of Cloud Run', () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close();
  });

  async function open(options: Parameters<typeof openFrontEnd>[0] = {}): Promise<FrontEnd> {
    const frontEnd = await openFrontEnd(options);
    closing.push(() => frontEnd.stop());
    return frontEnd;
  }

  async function instance() {
    const server = await recordingServer(200);
    closing.push(() => server.stop());
    return { ...server, host: new URL(server.url).host };
  }

  const bearer = (token: string) => `Bearer ${token}`;

  test('a private service answers only its invokers, and its container sees no signature', async () => {
    const service = await open({ invokers: [CALLER], issuer });
    const container = await instance();
    service.add(container);
    const status = async (headers: Record<string, string>) =>
      (await fetch(`${service.url}/events`, { headers })).status;

    expect(await status({})).toBe(403);
    expect(await status({ authorization: 'Basic x' })).toBe(403);
    expect(await status({ authorization: bearer('a.b.c') })).toBe(401);
    expect(await status({ authorization: bearer(issuer.idToken(CALLER, 'https://other')) })).toBe(401);
    expect(await status({ authorization: bearer(issuer.idToken(CALLER, service.url, { exp: 1 })) })).toBe(401);
    expect(await status({ authorization: bearer(foreign.idToken(CALLER, service.url)) })).toBe(401);
    expect(await status({ authorization: bearer(issuer.idToken('job@p', service.url)) })).toBe(403);
    expect(container.requests).toEqual([]);

    const token = issuer.idToken(CALLER, service.url);
    expect(await status({ authorization: bearer(token) })).toBe(200);
    const [head, claims] = token.split('.');
    expect(container.requests[0]!.headers['authorization']).toBe(
      `Bearer ${head}.${claims}.SIGNATURE_REMOVED_BY_GOOGLE`,
    );
  });

  test('of two tokens the one in X-Serverless-Authorization is checked, and the other goes on as it came', async () => {
    const service = await open({ invokers: [CALLER], issuer });
    const container = await instance();
    service.add(container);
    const [callers, jobs] = [issuer.idToken(CALLER, service.url), issuer.idToken('job@p', service.url)].map(bearer);
    const both = (serverless: string, plain: string) =>
      fetch(service.url, { headers: { 'x-serverless-authorization': serverless, authorization: plain } });
    expect((await both(jobs!, callers!)).status).toBe(403);
    expect((await both(callers!, jobs!)).status).toBe(200);
    expect(container.requests[0]!.headers).toMatchObject({
      authorization: jobs,
      'x-serverless-authorization': expect.stringMatching(/\.SIGNATURE_REMOVED_BY_GOOGLE$/),
    });
  });

  test('a public service passes tokens on untouched, and says where the request came from', async () => {
    const service = await open();
    const container = await instance();
    service.add(container);
    const token = bearer(foreign.idToken(CALLER, 'anything'));
    const answer = await fetch(`${service.url}/a?b=c`, {
      method: 'POST',
      body: 'text',
      headers: { authorization: token, 'x-forwarded-for': '192.0.2.1' },
    });
    expect(answer.status).toBe(200);
    expect(container.requests[0]).toMatchObject({ method: 'POST', path: '/a?b=c', body: 'text' });
    expect(container.requests[0]!.headers).toMatchObject({
      authorization: token,
      'x-forwarded-for': '192.0.2.1, 127.0.0.1',
    });
  });

  test('instances take turns; one that is killed gets nothing more, and none is 503', async () => {
    const service = await open();
    expect((await fetch(service.url)).status).toBe(503);
    const [first, second] = [await instance(), await instance()];
    service.add(first);
    service.add(second);
    for (let sent = 0; sent < 4; sent++) await fetch(service.url);
    expect([first.requests.length, second.requests.length]).toEqual([2, 2]);
    service.kill(first.host);
    for (let sent = 0; sent < 4; sent++) await fetch(service.url);
    expect([first.requests.length, second.requests.length]).toEqual([2, 6]);
    expect(() => service.kill(first.host)).toThrow('has no instance');
  });

  test('while it is cut nobody gets through, not on a connection that was open either; mended, everybody does', async () => {
    const service = await open();
    service.add(await instance());
    expect((await fetch(service.url)).status).toBe(200);
    service.cut();
    for (let tries = 0; tries < 2; tries++) await expect(fetch(service.url)).rejects.toThrow('fetch failed');
    service.mend();
    expect((await fetch(service.url)).status).toBe(200);
  });

  test('listens on the port it is given', async () => {
    const first = await open();
    await first.stop();
    const port = Number(new URL(first.url).port);
    expect((await open({ port })).url).toBe(first.url);
  });

  test('an instance that is retired gets nothing more', async () => {
    const service = await open();
    const container = await instance();
    service.add(container);
    service.retire(container.host);
    expect((await fetch(service.url)).status).toBe(503);
    expect(container.requests).toEqual([]);
  });

  test('a WebSocket goes through in both directions until it is cut', async () => {
    const inner = createServer();
    const sockets = new WebSocketServer({ server: inner });
    sockets.on('connection', (socket) =>
      socket.on('message', (text: Buffer) => socket.send(`echo ${text.toString()}`)),
    );
    await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
    closing.push(
      () => inner.close(),
      () => sockets.close(),
    );
    const service = await open();
    service.add({ host: `127.0.0.1:${(inner.address() as AddressInfo).port}` });
    const viewer = new WebSocket(`ws://${service.host}/stream`);
    await once(viewer, 'open');
    viewer.send('hello');
    const [answer] = (await once(viewer, 'message')) as [Buffer];
    expect(answer.toString()).toBe('echo hello');
    expect(service.inFlight).toBe(1);
    const closed = once(viewer, 'close');
    service.cutAll();
    expect((await closed)[0]).toBe(1006);
    await until('the end of the connection', () => service.inFlight === 0);
  });

  test('a request that its instance does not survive is 503, never an answer', async () => {
    const inner = createServer((request) => void request.socket.destroy());
    await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
    closing.push(() => inner.close());
    const service = await open();
    service.add({ host: `127.0.0.1:${(inner.address() as AddressInfo).port}` });
    expect((await fetch(service.url)).status).toBe(503);
  });

  const isLinux = process.platform === 'linux';
  const onLinux = isLinux ? test : test.skip;
  onLinux(
    `between requests an instance has no CPU${isLinux ? '' : ' — skipped: /proc tells only on Linux'}`,
    async () => {
      const program =
        "const s = require('http').createServer((q, r) => setTimeout(() => r.end('late'), 50)).listen(0, '127.0.0.1', () => console.log(s.address().port))";
      const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'] });
      closing.push(() => child.kill('SIGKILL'));
      const [port] = (await once(child.stdout, 'data')) as [Buffer];
      const state = () => readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]![0];
      const service = await open({ throttled: true });
      const host = `127.0.0.1:${port.toString().trim()}`;
      service.add({ host, pid: child.pid! });
      await until('the process to be stopped', () => state() === 'T');
      expect(await (await fetch(service.url)).text()).toBe('late');
      await until('the process to be stopped again', () => state() === 'T');
      const ended = once(child, 'exit');
      service.kill(host);
      expect((await ended)[1]).toBe('SIGKILL');
    },
  );
});
