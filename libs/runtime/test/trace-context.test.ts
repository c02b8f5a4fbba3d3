import { expect, test } from '@jest/globals';
import { traceContext } from '../src/trace-context.ts';

const ID = '0123456789abcdef0123456789abcdef';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

test('a trace that a caller names goes on with a span of ours and the flags it came with', () => {
  expect(traceContext(`00-${TRACE}-00f067aa0ba902b7-01`, ID)).toEqual({
    traceId: TRACE,
    spanId: '0123456789abcdef',
    parent: `00-${TRACE}-00f067aa0ba902b7-01`,
    traceparent: `00-${TRACE}-0123456789abcdef-01`,
    isGiven: true,
  });
});

test('a version to come is read as far as it is known', () => {
  expect(traceContext(`cc-${TRACE}-00f067aa0ba902b7-01-what`, ID).traceId).toBe(TRACE);
});

test.each([
  undefined,
  '',
  'nonsense',
  [`00-${TRACE}-00f067aa0ba902b7-01`, 'twice'],
  `ff-${TRACE}-00f067aa0ba902b7-01`,
  `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-00f067aa0ba902b7-01`,
])('%j names no trace: the request is one of its own, named after it', (header) => {
  expect(traceContext(header, ID)).toEqual({
    traceId: ID,
    spanId: '0123456789abcdef',
    traceparent: `00-${ID}-0123456789abcdef-00`,
    isGiven: false,
  });
});
