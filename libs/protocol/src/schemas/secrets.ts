import Type from 'typebox';

/** `POST /api/v1/secrets`. */
export const CreateSecretRequestSchema = Type.Object({
  name: Type.String(),
  key_name: Type.String(),
  value: Type.String(),
  description: Type.Optional(Type.String()),
});

/** `PUT /api/v1/secrets/{name}`. */
export const UpdateSecretRequestSchema = Type.Object({
  key_name: Type.Optional(Type.String()),
  value: Type.Optional(Type.String()),
  description: Type.Optional(Type.String()),
});
