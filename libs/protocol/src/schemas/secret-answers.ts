import Type from 'typebox';
import { CountSchema, EmailSchema, MessageSchema, RequestIdSchema, TimeSchema } from './values.ts';

const NameSchema = Type.String({ examples: ['github-token'] });

const fields = {
  name: NameSchema,
  key_name: Type.String({ description: 'The variable that a run finds the value in.', examples: ['GITHUB_TOKEN'] }),
  description: Type.Optional(Type.String()),
  created_by: EmailSchema,
  updated_by: EmailSchema,
  owned_by: Type.Array(EmailSchema),
  granted_to: Type.Array(EmailSchema, { description: 'Who else may use it in a run; using is not reading.' }),
  created_at: TimeSchema,
  updated_at: TimeSchema,
  created_by_request_id: RequestIdSchema,
  modified_by_request_id: RequestIdSchema,
};

/** `SecretBody` without its value. */
export const SecretSchema = Type.Object(fields, { title: 'Secret' });

/** `ListSecretsAnswer`: there is no place for a value in it. */
export const SecretListSchema = Type.Object(
  { secrets: Type.Array(SecretSchema), total: CountSchema },
  { title: 'SecretList' },
);

/** `SecretAnswer`. */
export const SecretWithValueSchema = Type.Object(
  {
    secret: Type.Object(
      { ...fields, value: Type.Optional(Type.String({ description: 'Only here, and only for who may read it.' })) },
      { title: 'ReadSecret' },
    ),
  },
  { title: 'SecretWithValue' },
);

/** `SecretMessage`. */
export const SecretMessageSchema = Type.Object({ message: MessageSchema }, { title: 'SecretMessage' });

/** `SecretRemoved`. */
export const RemovedSecretSchema = Type.Object(
  { name: NameSchema, message: MessageSchema },
  { title: 'RemovedSecret' },
);
