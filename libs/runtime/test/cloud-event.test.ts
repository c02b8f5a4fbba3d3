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
