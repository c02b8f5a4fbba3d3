import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { openLoggingApi } from '../../src/job-runner/logging-api.ts';

/** A Cloud Logging that answers what it is told, once each. */
async function openLog(...answers: readonly { readonly status?: number; readonly body: object }[]) {
  const asked: { url: string | undefined; authorization: string | undefined; body: unknown }[] = [];
  const left = [...answers];
  const server = createServer((incoming, outgoing) => {
    void readBody(incoming).then((body) => {
      const { url, headers } = incoming;
      asked.push({ url, authorization: headers.authorization, body: JSON.parse(body) });
      const { status = 200, body: answer } = left.shift() ?? { status: 500, body: {} };
      outgoing.writeHead(status, { 'content-type': 'application/json; charset=UTF-8' });
      return outgoing.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    asked,
    endpoint,
    logging: openLoggingApi({ project: 'my-project', endpoint }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of incoming) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

test('a page of the log is asked for by REST, oldest first, and without a token in plaintext', async () => {
  await using log = await openLog(
    { body: { entries: [{ jsonPayload: { a: 1.0 } }], nextPageToken: 'two' } },
    { body: {} },
  );
  const page = await log.logging.list({ filter: 'f', limit: 100, after: undefined });
  const as_of_ms = expect.any(Number);
  expect(page).toEqual({ entries: [{ jsonPayload: { a: 1 } }], next: 'two', as_of_ms });
  expect(await log.logging.list({ filter: 'f', limit: 100, after: 'two' })).toEqual({ entries: [], as_of_ms });
  // To the second below, and never later than the log was asked.
  expect(Date.now() - page.as_of_ms!).toBeGreaterThanOrEqual(0);
  const query = { resourceNames: ['projects/my-project'], filter: 'f', orderBy: 'timestamp asc', pageSize: 100 };
  expect(log.asked).toEqual([
    { url: '/v2/entries:list', authorization: undefined, body: query },
    { url: '/v2/entries:list', authorization: undefined, body: { ...query, pageToken: 'two' } },
  ]);
});

test('where run logs have a bucket of their own, its view is read and nothing else', async () => {
  const view = 'projects/my-project/locations/europe-west1/buckets/runvoy-runs/views/_AllLogs';
  await using log = await openLog({ body: {} });
  const logging = openLoggingApi({ project: 'my-project', view, endpoint: log.endpoint });
  await logging.list({ filter: 'f', limit: 1, after: undefined });
  expect(log.asked).toMatchObject([{ body: { resourceNames: [view] } }]);
});

test.each([
  [429, 'Quota exceeded for quota metric Read requests'],
  [503, 'The service is currently unavailable.'],
  [403, 'Permission denied'],
])('an answer %i of the log rejects at once, and is not asked for again', async (status, message) => {
  await using log = await openLog({ status, body: { error: { code: status, message } } });
  await expect(log.logging.list({ filter: 'f', limit: 1, after: undefined })).rejects.toThrow(message);
  expect(log.asked).toHaveLength(1);
});
