import Type from 'typebox';
import { LIMITS } from '../limits.ts';

const keyed = {
  'Idempotency-Key': Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: LIMITS.idempotencyKeyChars,
      pattern: '^[!-~]+$',
      description: 'Sent again with the same body within 24 hours it makes nothing and gives the first answer.',
      examples: ['nightly-2026-01-31'],
    }),
  ),
};

const ifMatch = {
  'If-Match': Type.Optional(
    Type.String({
      description: 'The `ETag` it was read with: whoever has not read it as it is now is refused.',
      examples: ['"pVb5Yd0qPV4mQqH2kS3LxA"'],
    }),
  ),
};

/** Headers of a call that makes something. */
export const KeyedHeadersSchema = Type.Object(keyed);

/** Headers of a call that changes something. */
export const ChangeHeadersSchema = Type.Object(ifMatch);

/** Headers of a call that makes something in the place of another. */
export const ReplaceHeadersSchema = Type.Object({ ...keyed, ...ifMatch });

/** Headers of a call that reads something which can change. */
export const ReadHeadersSchema = Type.Object({
  'If-None-Match': Type.Optional(
    Type.String({
      description: 'The `ETag` of what you have: it is not told again while it is as it was.',
      examples: ['"pVb5Yd0qPV4mQqH2kS3LxA"'],
    }),
  ),
});

/** Headers of `POST /run`. */
export const RunHeadersSchema = Type.Object({
  ...keyed,
  Prefer: Type.Optional(
    Type.String({
      description: '`wait=N`: answer when the run has ended, at the latest after N seconds (at most 60).',
      examples: ['wait=30'],
    }),
  ),
});
