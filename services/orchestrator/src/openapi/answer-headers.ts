import type { MountedOperation } from './operation.ts';

interface Header {
  readonly description: string;
  readonly example: string;
  /** Every answer that may have it has it. */
  readonly required?: true;
}

/** The headers of answers that mean something to a caller, by name. */
export const ANSWER_HEADERS: Readonly<Record<string, Header>> = {
  'X-Request-Id': {
    description: 'Names this request in logs, audit records and traces.',
    example: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
    required: true,
  },
  RateLimit: {
    description: 'How many requests of this kind are left to the key, and in how many seconds more are.',
    example: '"reads";r=999;t=60',
  },
  'RateLimit-Policy': {
    description: 'How many requests of this kind a key has, and in how many seconds.',
    example: '"reads";q=1000;w=60',
  },
  'Retry-After': { description: 'After how many seconds to ask again.', example: '12' },
  Location: { description: 'Where to ask.', example: 'https://logs.example.com/stream/events?execution_id=...' },
  'Runvoy-Log-Completeness': { description: 'complete, running, gaps or unproven.', example: 'complete' },
  'Runvoy-Log-Lines': { description: 'The number of its last line.', example: '120' },
  'Runvoy-Log-SHA256': { description: 'As the runner signed it at its end.', example: '9f86d081884c7d65...' },
  Link: {
    description: 'The page that follows, RFC 8288, where there may be more.',
    example: '</api/v1/executions?limit=10&cursor=c>; rel="next"',
  },
  traceparent: {
    description: 'The trace that the request named, or one of its own, W3C Trace Context.',
    example: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  },
  ETag: {
    description: 'Another one after every change; for `If-Match` and `If-None-Match`.',
    example: '"pVb5Yd0qPV4mQqH2kS3LxA"',
  },
  'Idempotent-Replayed': {
    description: '`true`: the answer that an earlier request with the same `Idempotency-Key` was given.',
    example: 'true',
  },
  'Preference-Applied': { description: 'The wait that was granted, RFC 7240.', example: 'wait=30' },
};

/** Where no limit is configured nothing is said about it. */
const WITH_KEY = ['RateLimit', 'RateLimit-Policy'];

/** The headers of an operation's answer, by name. */
export function headersOf(operation: MountedOperation, status: number): readonly string[] {
  return [
    'X-Request-Id',
    'traceparent',
    ...(operation.needsKey ? WITH_KEY : []),
    ...(status === 409 || status === 429 || status === 503 ? ['Retry-After'] : []),
    ...(status < 400 ? (operation.answerHeaders ?? []) : []),
  ];
}
