import Type from 'typebox';

/** `POST /api/v1/users/create`. The role is checked in core, where the answer lists the valid ones. */
export const CreateUserRequestSchema = Type.Object({ email: Type.String(), role: Type.String() });

/** `POST /api/v1/users/revoke`. */
export const RevokeUserRequestSchema = Type.Object({ email: Type.String() });

/** `PUT /api/v1/users/{email}/role`. */
export const ChangeUserRequestSchema = Type.Object({ role: Type.String() });

const Names = Type.Array(Type.String());

/** `POST /api/v1/keys`. */
export const CreateKeyRequestSchema = Type.Object({
  name: Type.String(),
  user: Type.Optional(Type.String()),
  expires_in: Type.Optional(Type.Number()),
  role: Type.Optional(Type.String()),
  images: Type.Optional(Names),
  secrets: Type.Optional(Names),
});

/** `POST /api/v1/keys/{id}/rotate`. */
export const RotateKeyRequestSchema = Type.Object({
  overlap: Type.Optional(Type.Number({ minimum: 0, maximum: 604_800 })),
});
