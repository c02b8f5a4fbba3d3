import Type from 'typebox';
import { CountSchema, EmailSchema, RequestIdSchema, TimeSchema } from './values.ts';

const fields = {
  dead_letter_id: Type.String({ examples: ['abcdefghijklmnopqrst'] }),
  state: Type.Enum(['open', 'replayed', 'dropped']),
  event_id: Type.String({ examples: ['7f3c'] }),
  type: Type.String({ examples: ['dev.runvoy.execution.look.v1'] }),
  source: Type.String({ examples: ['runvoy'] }),
  subject: Type.Optional(Type.String()),
  event_time: Type.String({ description: 'As the event says it.', examples: ['2026-01-31T12:00:00Z'] }),
  event_bytes: CountSchema,
  route: Type.String({ description: 'Where it was refused.', examples: ['/events'] }),
  reason: Type.String({ examples: ['The event names no execution.'] }),
  attempts: Type.Integer({ description: 'Deliveries before it was put aside, the last time.', examples: [5] }),
  deaths: Type.Integer({ description: 'How often it was put aside.', examples: [1] }),
  replays: CountSchema,
  first_died_at: TimeSchema,
  died_at: TimeSchema,
  settled: Type.Optional(
    Type.Object(
      { by: EmailSchema, at: TimeSchema, request_id: RequestIdSchema },
      { description: 'Who sent it again or dropped it.' },
    ),
  ),
  expires_at: TimeSchema,
};

/** `DeadLetterBody`. */
export const DeadLetterSchema = Type.Object(fields, { title: 'DeadLetter' });

/** `DeadLetterDetails`. */
export const DeadLetterDetailsSchema = Type.Object(
  {
    ...fields,
    event: Type.Optional(
      Type.Unknown({ description: "The event in CloudEvents' form; absent when it was too large." }),
    ),
  },
  { title: 'DeadLetterDetails' },
);

/** `ListDeadLettersAnswer`. */
export const DeadLetterPageSchema = Type.Object(
  {
    dead_letters: Type.Array(DeadLetterSchema),
    next: Type.Optional(Type.String({ description: 'The `after` of the next page; absent on the last.' })),
    count: Type.Integer({ minimum: 0, description: 'All that are open, on this page or not.', examples: [1] }),
  },
  { title: 'DeadLetterPage' },
);

/** `ReplayAnswer`. */
export const ReplayedDeadLetterSchema = Type.Object(
  {
    ...fields,
    sent: Type.Boolean({ description: 'False: the bus did not answer; the next tick sends it.', examples: [true] }),
  },
  { title: 'ReplayedDeadLetter' },
);
