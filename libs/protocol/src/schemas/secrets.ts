import Type from 'typebox';

/** `POST /api/v1/secrets`. */
export const CreateSecretRequestSchema = Type.Object(
  {
    name: Type.String({ description: 'What runs and people call it.', examples: ['github-token'] }),
    key_name: Type.String({ description: 'The variable that a run finds the value in.', examples: ['GITHUB_TOKEN'] }),
    value: Type.String({ examples: ['ghp_example'] }),
    description: Type.Optional(Type.String()),
  },
  { title: 'CreateSecretRequest' },
);

/** `PUT /api/v1/secrets/{name}`. */
export const UpdateSecretRequestSchema = Type.Object(
  {
    key_name: Type.Optional(Type.String()),
    value: Type.Optional(Type.String({ examples: ['ghp_another'] })),
    description: Type.Optional(Type.String()),
  },
  { title: 'UpdateSecretRequest' },
);
