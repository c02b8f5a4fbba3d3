import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { isFailure, type FailureCode } from '@runvoy/core';
import { newDoor } from '../src/door.ts';

const door = newDoor({
  host: '127.0.0.1',
  port: () => 5000,
  allowedHosts: ['box.local'],
  allowedOrigins: ['https://app.example.com/'],
});

function request(method: string, headers: Record<string, string>): IncomingMessage {
  return { method, headers } as unknown as IncomingMessage;
}

function refusal(ask: () => void): FailureCode | undefined {
  try {
    ask();
    return undefined;
  } catch (error) {
    return isFailure(error, 'MISDIRECTED')
      ? 'MISDIRECTED'
      : isFailure(error, 'FOREIGN_ORIGIN')
        ? 'FOREIGN_ORIGIN'
        : undefined;
  }
}

describe('the door of a local server', () => {
  test.each(['127.0.0.1:5000', 'localhost:5000', '[::1]:5000', 'LOCALHOST:5000', 'box.local:5000', 'box.local'])(
    'answers for host %s',
    (host) => {
      expect(refusal(() => door.guardRequest(request('GET', { host })))).toBeUndefined();
    },
  );

  test.each(['evil.example.com', '127.0.0.1:5001', 'localhost.evil.com:5000', '', 'box.local:99'])(
    'turns away host "%s", which a rebound name would send',
    (host) => {
      expect(refusal(() => door.guardRequest(request('GET', { host })))).toBe('MISDIRECTED');
    },
  );

  test.each([
    ['POST', 'http://evil.example.com', 'FOREIGN_ORIGIN'],
    ['DELETE', 'null', 'FOREIGN_ORIGIN'],
    ['POST', 'http://127.0.0.1:5000', undefined],
    ['POST', 'https://app.example.com', undefined],
    ['GET', 'http://evil.example.com', undefined],
    ['POST', 'http://localhost', 'FOREIGN_ORIGIN'],
    ['POST', 'https://127.0.0.1', 'FOREIGN_ORIGIN'],
    ['POST', 'http://localhost:5001', 'FOREIGN_ORIGIN'],
    ['POST', 'https://box.local', undefined],
    ['POST', 'file://localhost:5000', 'FOREIGN_ORIGIN'],
  ])('%s from %s: %s', (method, origin, expected) => {
    expect(refusal(() => door.guardRequest(request(method, { host: 'localhost:5000', origin })))).toBe(expected);
  });

  test('lets no foreign page open a stream, whatever the method', () => {
    const headers = { host: 'localhost:5000', origin: 'http://evil.example.com' };
    expect(refusal(() => door.guardUpgrade(request('GET', headers)))).toBe('FOREIGN_ORIGIN');
  });
});
