import Type from 'typebox';

/** RFC 3339, UTC. */
export const TimeSchema = Type.String({ format: 'date-time', examples: ['2026-01-31T12:00:00Z'] });

export const ExecutionIdSchema = Type.String({
  pattern: '^[0-9a-f]{32}$',
  examples: ['f2f3a1c0d4e5968778695a4b3c2d1e0f'],
});

export const RequestIdSchema = Type.String({
  description: 'The request that did it.',
  examples: ['0f1e2d3c4b5a69788796a5b4c3d2e1f0'],
});

export const EmailSchema = Type.String({ examples: ['kim@example.com'] });

export const CountSchema = Type.Integer({ minimum: 0, examples: [0] });

export const TextsSchema = Type.Array(Type.String());

/** A sentence about what was done. */
export const MessageSchema = Type.String({ examples: ['Done'] });

/** A log's sequence number. */
export const SeqSchema = Type.Integer({ minimum: 0, maximum: 999_999_999_999, examples: [42] });
