import Type from 'typebox';
import { EmailSchema, MessageSchema, RequestIdSchema, TextsSchema, TimeSchema } from './values.ts';

const RoleSchema = Type.Enum(['admin', 'operator', 'developer', 'viewer'], { title: 'Role', examples: ['developer'] });
const ClaimTokenSchema = Type.String({ description: 'Works once, for 15 minutes.', examples: ['clm_0123'] });
const ApiKeyTextSchema = Type.String({
  description: 'The key. No other answer holds it.',
  examples: ['rvy_id_secret'],
});

/** `UserBody`. */
export const UserSchema = Type.Object(
  {
    email: EmailSchema,
    role: RoleSchema,
    created_at: TimeSchema,
    revoked: Type.Boolean(),
    last_used: Type.Optional(TimeSchema),
    created_by_request_id: RequestIdSchema,
    modified_by_request_id: RequestIdSchema,
  },
  { title: 'User' },
);

/** `ListUsersAnswer`. */
export const UserListSchema = Type.Object({ users: Type.Array(UserSchema) }, { title: 'UserList' });
/** `CreateUserAnswer`. */
export const CreatedUserSchema = Type.Object(
  { user: UserSchema, claim_token: ClaimTokenSchema },
  { title: 'CreatedUser' },
);
/** `ChangeUserAnswer`. */
export const ChangedUserSchema = Type.Object({ user: UserSchema }, { title: 'ChangedUser' });
/** `RevokeUserAnswer`. */
export const RevokedUserSchema = Type.Object({ message: MessageSchema, email: EmailSchema }, { title: 'RevokedUser' });
/** `SignInLinkAnswer`. */
export const SignInLinkSchema = Type.Object(
  {
    claim_token: ClaimTokenSchema,
    expires_at: TimeSchema,
    url: Type.String({ examples: ['https://example.com/#claim=clm_0123'] }),
  },
  { title: 'SignInLink' },
);

/** `ClaimAnswer`. */
export const ClaimedKeySchema = Type.Object(
  { api_key: ApiKeyTextSchema, user_email: EmailSchema, message: MessageSchema },
  { title: 'ClaimedKey' },
);

/** `KeyBody`. */
export const KeySchema = Type.Object(
  {
    key_id: Type.String({ examples: ['abcdefghijklmnopqrst'] }),
    user: EmailSchema,
    name: Type.String({ examples: ['laptop'] }),
    created_at: TimeSchema,
    expires_at: Type.Optional(TimeSchema),
    last_used: Type.Optional(TimeSchema),
    revoked: Type.Boolean(),
    role: Type.Optional(RoleSchema),
    images: Type.Optional(TextsSchema),
    secrets: Type.Optional(TextsSchema),
    max_running: Type.Optional(Type.Integer({ description: 'How many of its runs may be under way at once.' })),
    counted_with: Type.Optional(
      Type.String({
        description: 'The limited key that made it, or in whose place it is: the runs of both are counted together.',
      }),
    ),
  },
  { title: 'Key', description: 'A key as lists show it: never its text.' },
);

/** `ListKeysAnswer`. */
export const KeyListSchema = Type.Object({ keys: Type.Array(KeySchema) }, { title: 'KeyList' });
/** `KeyAnswer`. */
export const IssuedKeySchema = Type.Object({ key: KeySchema, api_key: ApiKeyTextSchema }, { title: 'IssuedKey' });
export const RevokedKeySchema = Type.Object({ key: KeySchema }, { title: 'RevokedKey' });

/** `WhoAmIAnswer`. */
export const WhoAmISchema = Type.Object(
  { email: EmailSchema, role: RoleSchema, effective_role: RoleSchema, key: KeySchema },
  { title: 'WhoAmI', description: 'What the user is, and what this key counts as.' },
);

/** `CanAnswer`. */
export const CanSchema = Type.Object(
  {
    allowed: Type.Boolean(),
    rule: Type.String({
      description: 'Who holds the permission, and why the caller does or does not.',
      examples: ['images.register is for admin; you are developer.'],
    }),
  },
  { title: 'Can' },
);
