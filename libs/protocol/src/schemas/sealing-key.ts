import Type from 'typebox';
import { CountSchema } from './values.ts';

const KeyIdSchema = Type.String({ description: 'Keys are told by id, never by value.', examples: ['v2'] });

/** `SealingKeyAnswer`. */
export const SealingKeySchema = Type.Object(
  {
    key_id: KeyIdSchema,
    sealed: Type.Array(Type.Object({ key_id: KeyIdSchema, secrets: CountSchema, run_inputs: CountSchema })),
  },
  { title: 'SealingKey', description: 'Which key seals now, and which key seals how much.' },
);

/** `ResealAnswer`. */
export const ResealedSchema = Type.Object(
  {
    key_id: KeyIdSchema,
    resealed: CountSchema,
    remaining: CountSchema,
    closed: Type.Array(Type.String({ examples: ['secrets/old'] }), { description: 'What did not open.' }),
  },
  { title: 'Resealed' },
);
