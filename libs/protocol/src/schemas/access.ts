import Type from 'typebox';
import { LIMITS } from '../limits.ts';

const Email = Type.String({
  description: 'An e-mail; or `service:<name>` for a user that is no person.',
  examples: ['kim@example.com'],
});
const Role = Type.String({ description: 'admin, operator, developer or viewer.', examples: ['developer'] });

/** `POST /api/v1/users/create`. The role is checked in core, where the answer lists the valid ones. */
export const CreateUserRequestSchema = Type.Object({ email: Email, role: Role }, { title: 'CreateUserRequest' });

/** `POST /api/v1/users/revoke`. */
export const RevokeUserRequestSchema = Type.Object({ email: Email }, { title: 'RevokeUserRequest' });

/** `PUT /api/v1/users/{email}/role`. */
export const ChangeUserRequestSchema = Type.Object({ role: Role }, { title: 'ChangeUserRequest' });

/** `POST /api/v1/keys`. */
export const CreateKeyRequestSchema = Type.Object(
  {
    name: Type.String({ description: 'What it is for.', examples: ['laptop'] }),
    user: Type.Optional(Type.String({ description: "Whose; the caller's own unless given." })),
    expires_in: Type.Optional(Type.Number({ description: 'Seconds until it is refused; 0 or absent = never.' })),
    role: Type.Optional(Type.String({ description: 'The highest role it counts as.', examples: ['viewer'] })),
    images: Type.Optional(Type.Array(Type.String(), { description: 'The only images its runs may use.' })),
    secrets: Type.Optional(Type.Array(Type.String(), { description: 'The only secrets it may use or read.' })),
    max_running: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: LIMITS.runningMax,
        description: 'How many of its runs may be under way at once; 0 or absent = no limit of its own.',
      }),
    ),
  },
  { title: 'CreateKeyRequest', examples: [{ name: 'laptop', role: 'viewer', expires_in: 2_592_000 }] },
);

/** `POST /api/v1/keys/{id}/rotate`. */
export const RotateKeyRequestSchema = Type.Object(
  {
    overlap: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 604_800,
        description: 'Seconds for which the old key works on; 0 unless given.',
        examples: [3_600],
      }),
    ),
  },
  { title: 'RotateKeyRequest' },
);
