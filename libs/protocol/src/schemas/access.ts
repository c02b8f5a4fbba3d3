import Type from 'typebox';

/** `POST /api/v1/users/create`. The role is checked in core, where the answer lists the valid ones. */
export const CreateUserRequestSchema = Type.Object({ email: Type.String(), role: Type.String() });

/** `POST /api/v1/users/revoke`. */
export const RevokeUserRequestSchema = Type.Object({ email: Type.String() });
