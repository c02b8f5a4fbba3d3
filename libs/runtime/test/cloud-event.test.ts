import { describe, expect, test } from '@jest/globals';
import { isFailure } from '@runvoy/core';
import { parseCloudEvent } from '../src/index.ts';

const EVENT = {
  specversion: '1.0',
  id: '1',
  source: '/test',
  type: 'dev.runvoy.tick.v1',
  time: '2026-01-01T00:00:00.000Z',
  datacontenttype: 'application/json',
  data: { at_ms: 1 },
};

describe('parsing a CloudEvent', () => {
  test('reads the structured form', async () => {
    const event = await parseCloudEvent({ 'content-type': 'application/cloudevents+json' }, EVENT);
    expect(event).toMatchObject({ id: '1', type: 'dev.runvoy.tick.v1', data: { at_ms: 1 } });
  });

  test('reads the binary form', async () => {
    const headers = {
      'content-type': 'application/json',
      'ce-specversion': '1.0',
      'ce-id': '2',
      'ce-source': '/test',
      'ce-type': 'a.b',
    };
    expect(await parseCloudEvent(headers, { x: 1 })).toMatchObject({ id: '2', type: 'a.b', data: { x: 1 } });
  });

  test('refuses what is no event with INVALID_REQUEST', async () => {
    const error = await parseCloudEvent({ 'content-type': 'application/json' }, { hello: 1 }).catch((e: unknown) => e);
    expect(isFailure(error, 'INVALID_REQUEST')).toBe(true);
  });
});

describe('unwrapping a Pub/Sub push', () => {
  const push = (content: unknown, attributes?: Record<string, string>) => ({
    subscription: 'projects/p/subscriptions/s',
    message: {
      messageId: '7',
      publishTime: '2026-01-01T00:00:00Z',
      data: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)).toString('base64'),
      ...(attributes === undefined ? {} : { attributes }),
    },
  });
  const headers = { 'content-type': 'application/json' };

  test('finds the event that is its data', async () => {
    expect(await parseCloudEvent(headers, push(EVENT))).toMatchObject({ id: '1', data: { at_ms: 1 } });
  });

  test('finds the event whose head is in its attributes', async () => {
    const attributes = { 'ce-specversion': '1.0', 'ce-id': '3', 'ce-source': '/t', 'ce-type': 'c.d' };
    expect(await parseCloudEvent(headers, push({ y: 2 }, attributes))).toMatchObject({ id: '3', data: { y: 2 } });
  });

  test.each([
    ['projects/p/logs/cloudaudit.googleapis.com%2Fsystem_event', 'google.cloud.audit.log.v1.written'],
    ['projects/p/logs/run.googleapis.com%2Fstdout', 'google.logging.v2.LogEntry'],
    ['projects/p/logs/x.cloudaudit.googleapis.com', 'google.logging.v2.LogEntry'],
  ])('takes an entry of %s for %s', async (logName, type) => {
    const entry = { logName, insertId: 'i1', timestamp: '2026-01-01T00:00:01Z', textPayload: 'x' };
    expect(await parseCloudEvent(headers, push(entry))).toMatchObject({ id: 'i1', type, data: entry });
  });

  test.each([
    ['no JSON at all', 'words'],
    ['some other object', { a: 1 }],
    ['a number', 3],
    ['nothing', ''],
  ])('refuses %s', async (_, content) => {
    const error = await parseCloudEvent(headers, push(content)).catch((e: unknown) => e);
    expect(isFailure(error, 'INVALID_REQUEST')).toBe(true);
  });
});
