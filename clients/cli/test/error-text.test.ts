import { expect, test } from '@jest/globals';
import { unreachable } from '@runvoy/sdk/client';
import { errorText } from '../src/error-text.ts';

const noTls = new Error(
  'write EPROTO 40:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number:../ssl3_record.c:80:\n',
);

test('a plain HTTP server that is taken for an HTTPS one is told so, on one line', () => {
  expect(errorText(unreachable('https://127.0.0.1:56212', noTls))).toBe(
    'cannot reach https://127.0.0.1:56212: it does not speak TLS; did you mean http://127.0.0.1:56212?',
  );
});

test('nobody is led to plain HTTP across a network', () => {
  const message = errorText(unreachable('https://runvoy.example.com', noTls));
  expect(message).toContain('does not speak TLS');
  expect(message).not.toContain('http://');
});

test.each([
  ['http://127.0.0.1:9', true],
  ['http://localhost:9', true],
  ['http://[::1]:9', true],
  ['https://runvoy.example.com', false],
  ['http://127.0.0.1.example.com', false],
])('%s may be the server of this machine: %s', (endpoint, isLocal) => {
  const message = errorText(unreachable(endpoint, new Error('connect\n  ECONNREFUSED')));
  expect(message.includes('npm start')).toBe(isLocal);
  expect(message).toContain('(connect ECONNREFUSED)');
});
