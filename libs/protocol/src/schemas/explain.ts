import Type from 'typebox';
import { ExecutionIdSchema, TimeSchema } from './values.ts';

const EvidenceSchema = Type.Object(
  {
    at: TimeSchema,
    kind: Type.String({ description: 'As one stable word.', examples: ['requested'] }),
    attempt: Type.Optional(Type.Integer({ description: 'Which start it is about, from 1.' })),
    text: Type.String({ examples: ['kim@example.com asked for it.'] }),
  },
  { title: 'Evidence' },
);

const WaitingSchema = Type.Object({
  what: Type.String(),
  text: Type.String(),
  to_do: Type.String(),
  since: TimeSchema,
});

/** `ExplainBody`. */
export const ExplanationSchema = Type.Object(
  {
    execution_id: ExecutionIdSchema,
    status: Type.String({ examples: ['SUCCEEDED'] }),
    summary: Type.String({ examples: ['the command ended with exit code 0'] }),
    reason: Type.Optional(Type.String()),
    happened: Type.Optional(Type.String()),
    to_do: Type.Optional(Type.String()),
    rule: Type.Optional(Type.String({ description: 'By which rule its end was judged from the evidence.' })),
    evidence: Type.Array(EvidenceSchema, { description: 'What became known, oldest first.' }),
    waiting_for: Type.Optional(WaitingSchema),
    next: Type.Optional(
      Type.Array(Type.Object({ who: Type.Enum(['server', 'runner']), at: TimeSchema, text: Type.String() }), {
        description: 'Who looks after the run next, soonest first.',
      }),
    ),
    faults: Type.Array(Type.Object({ at: TimeSchema, kind: Type.String(), text: Type.String() }), {
      description: 'What must not happen and did.',
    }),
    platform_notes: Type.Array(
      Type.Object({ platform_execution: Type.String(), at: Type.Optional(TimeSchema), text: Type.String() }),
      { description: "What the platform's own log says of it." },
    ),
  },
  { title: 'Explanation' },
);
