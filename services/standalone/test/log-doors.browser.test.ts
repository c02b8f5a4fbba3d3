import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TicketBody } from '@runvoy/protocol';
import type { Browser } from 'playwright-core';
import { isChromiumHere, openChromium, titled } from './chromium.ts';
import { newDirectory, startServer, type Server } from './server.ts';

const describeHere = isChromiumHere ? describe : describe.skip;

const TOTAL = 300;
const COUNTING = `i=0; while [ $i -lt ${TOTAL} ]; do i=$((i+1)); echo "n $i"; [ $((i % 10)) -ne 0 ] || sleep 0.1; done`;
const COUNTED = Array.from({ length: TOTAL }, (_, index) => `n ${index + 1}`);

interface Watched {
  readonly texts: string[];
  readonly ids: number[];
  completeness?: string;
}

describeHere(titled('a log across a SIGKILL of the server'), () => {
  const dataDir = newDirectory();
  let server: Server;
  let browser: Browser;

  beforeAll(async () => {
    server = await startServer({ dataDir });
    browser = await openChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.[Symbol.asyncDispose]();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  });

  test('comes whole to a bare EventSource, to curl, and to a client of bare frames, each line once', async () => {
    const run = await server.run(COUNTING);
    const ticket = await server.call<TicketBody>('POST', `/api/v1/executions/${run.execution_id}/ticket`);
    const page = await browser.newPage();
    await page.goto(server.ready.console_url);
    await page.evaluate((url) => {
      const watched: Watched = { texts: [], ids: [] };
      (globalThis as { watched?: Watched }).watched = watched;
      const events = new EventSource(url);
      events.addEventListener('message', ({ lastEventId, data }) => {
        const line = JSON.parse(data as string) as { stream: string; text: string };
        watched.ids.push(Number(lastEventId));
        if (line.stream === 'stdout') watched.texts.push(line.text);
      });
      events.addEventListener('end', ({ data }) => {
        watched.completeness = (JSON.parse(data as string) as { completeness: string }).completeness;
      });
    }, ticket.events_url);
    const seen = (count: number) =>
      page.waitForFunction(
        (least) => ((globalThis as { watched?: Watched }).watched?.texts.length ?? 0) >= least,
        count,
      );
    const bare = bareClient(ticket.websocket_url);
    await seen(20);
    await bare.until(20);

    await server.kill();
    server = await startServer({ dataDir, port: Number(new URL(server.ready.api_url).port), key: server.key });
    await bare.resume();
    await page.waitForFunction(() => (globalThis as { watched?: Watched }).watched?.completeness !== undefined);
    const watched = await page.evaluate(() => (globalThis as { watched?: Watched }).watched!);
    expect(watched.texts).toEqual(COUNTED);
    expect(watched.ids).toEqual(watched.ids.map((_, index) => index + 1));
    expect(watched.completeness).toBe('complete');
    expect(await bare.done).toEqual(COUNTED);

    const url = `${server.ready.api_url}/api/v1/executions/${run.execution_id}/logs/stream`;
    const { stdout } = await promisify(execFile)('curl', ['-sSL', '-H', `X-API-Key: ${server.key}`, url]);
    const told = [...stdout.matchAll(/^data: (\{"seq".*)$/gm)].map(([, json]) => JSON.parse(json!) as { text: string });
    expect(told.map(({ text }) => text).filter((text) => text.startsWith('n '))).toEqual(COUNTED);
  });
});

/** What a client of runvoy's own frames does: it keeps the last id, and comes back with it. */
function bareClient(url: string) {
  const texts: string[] = [];
  const done = Promise.withResolvers<string[]>();
  let last = '';
  let waiting: { count: number; resolve: () => void }[] = [];
  const open = () => {
    const socket = new WebSocket(last === '' ? url : `${url}&last_event_id=${last}`);
    const ended = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()));
    socket.addEventListener('message', ({ data }) => {
      const frame = JSON.parse(data as string) as { event_id?: string; message?: string; type?: string };
      if (frame.type === 'disconnect') return done.resolve(texts);
      last = frame.event_id!;
      if (frame.message!.startsWith('n ')) texts.push(frame.message!);
      for (const { count, resolve } of waiting) if (texts.length >= count) resolve();
      waiting = waiting.filter(({ count }) => texts.length < count);
    });
    return ended;
  };
  const cut = open();
  return {
    done: done.promise,
    until: (count: number) => new Promise<void>((resolve) => void waiting.push({ count, resolve })),
    async resume() {
      await cut;
      void open();
    },
  };
}
