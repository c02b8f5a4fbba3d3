import Type from 'typebox';
import { CountSchema, EmailSchema, RequestIdSchema, TimeSchema } from './values.ts';

const HashSchema = Type.String({ pattern: '^[0-9a-f]{64}$', examples: ['0'.repeat(64)] });

/** `AuditBody`. */
export const AuditRecordSchema = Type.Object(
  {
    seq: Type.Integer({ minimum: 1, description: 'From 1, without gaps.', examples: [7] }),
    at: TimeSchema,
    action: Type.String({ description: '`<thing>.<verb>`', examples: ['user.create'] }),
    by: EmailSchema,
    key_id: Type.Optional(Type.String({ description: 'Absent for what was done beside the API.' })),
    request_id: RequestIdSchema,
    subject: Type.String({ description: 'The id of the thing.', examples: ['kim@example.com'] }),
    details: Type.Optional(Type.Object({}, { additionalProperties: Type.String() })),
    previous: HashSchema,
    hash: HashSchema,
  },
  { title: 'AuditRecord', description: 'One change and who made it. Each names the hash of the one before.' },
);

/** `ListAuditAnswer`. */
export const AuditPageSchema = Type.Object(
  {
    records: Type.Array(AuditRecordSchema),
    next: Type.Optional(Type.String({ description: 'The `after` of the older ones; absent on the last page.' })),
  },
  { title: 'AuditPage' },
);

/** `VerifyAuditAnswer`. */
export const AuditProofSchema = Type.Object(
  {
    intact: Type.Boolean({ examples: [true] }),
    records: CountSchema,
    head: Type.String({
      description: 'Hash of the newest; kept elsewhere it proves later that nothing before it was changed.',
      examples: ['0'.repeat(64)],
    }),
    broken: Type.Optional(Type.Object({ seq: Type.Integer(), why: Type.String() })),
  },
  { title: 'AuditProof' },
);
