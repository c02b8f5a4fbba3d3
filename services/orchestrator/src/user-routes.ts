import {
  changeRole,
  createUser,
  issueSignIn,
  listUsers,
  requirePermission,
  revokeUser,
  rfc3339,
  type User,
} from '@runvoy/core';
import {
  ChangedUserSchema,
  ChangeUserRequestSchema,
  CreatedUserSchema,
  CreateUserRequestSchema,
  RevokedUserSchema,
  RevokeUserRequestSchema,
  SignInLinkSchema,
  UserListSchema,
  UserParamsSchema,
} from '@runvoy/protocol/schemas';
import type {
  ChangeUserAnswer,
  ChangeUserRequest,
  CreateUserAnswer,
  CreateUserRequest,
  ListUsersAnswer,
  RevokeUserAnswer,
  RevokeUserRequest,
  SignInLinkAnswer,
  UserBody,
} from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import { actedBy, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';

/** Users: list, create with a claim, revoke; and a fresh way in for whoever asks for themselves. */
export function userRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  api.get(
    '/users',
    {
      schema: {
        operationId: 'listUsers',
        tags: ['users'],
        summary: 'All of them, those revoked too',
        response: { 200: UserListSchema },
      },
    },
    async (request): Promise<ListUsersAnswer> => {
      requirePermission(callerOf(request), 'users.read');
      return { users: (await listUsers(deps.records)).map(userBody) };
    },
  );

  api.post<{ Body: CreateUserRequest }>(
    '/users/create',
    {
      schema: {
        operationId: 'createUser',
        tags: ['users'],
        summary: 'Make a user, and a claim for their first key',
        body: CreateUserRequestSchema,
        response: { 201: CreatedUserSchema },
        errors: ['CONFLICT', 'UNPROCESSABLE'],
      },
      preValidation: async (r) => requirePermission(callerOf(r), 'users.create'),
    },
    async (request, reply): Promise<CreateUserAnswer> => {
      const { user, claim_token } = await createUser(deps, request.body, actedBy(request));
      reply.code(201);
      return { user: userBody(user), claim_token };
    },
  );

  api.post<{ Body: RevokeUserRequest }>(
    '/users/revoke',
    {
      schema: {
        operationId: 'revokeUser',
        tags: ['users'],
        summary: 'Revoke a user and all their keys',
        body: RevokeUserRequestSchema,
        response: { 200: RevokedUserSchema },
        errors: ['NOT_FOUND', 'CONFLICT'],
      },
      preValidation: async (r) => requirePermission(callerOf(r), 'users.revoke'),
    },
    async (request): Promise<RevokeUserAnswer> => {
      const { email } = await revokeUser(deps, request.body.email, actedBy(request));
      return { message: 'user API key revoked successfully', email };
    },
  );

  api.put<{ Params: { email: string }; Body: ChangeUserRequest }>(
    '/users/:email/role',
    {
      schema: {
        operationId: 'changeUserRole',
        tags: ['users'],
        summary: 'Give a user another role',
        params: UserParamsSchema,
        body: ChangeUserRequestSchema,
        response: { 200: ChangedUserSchema },
        errors: ['NOT_FOUND', 'CONFLICT'],
      },
      preValidation: async (r) => requirePermission(callerOf(r), 'users.change'),
    },
    async (request): Promise<ChangeUserAnswer> => {
      return { user: userBody(await changeRole(deps, request.params.email, request.body.role, actedBy(request))) };
    },
  );

  api.post(
    '/users/login-link',
    {
      schema: {
        operationId: 'createSignInLink',
        tags: ['users'],
        summary: 'A way into the console, once, for yourself',
        response: { 201: SignInLinkSchema },
      },
    },
    async (request, reply): Promise<SignInLinkAnswer> => {
      const caller = callerOf(request);
      requirePermission(caller, 'sign-in.create');
      const { claim_token, expires_at_ms } = await issueSignIn(
        deps,
        caller.user.email,
        'console',
        actedBy(request),
        caller,
      );
      reply.code(201);
      return { claim_token, expires_at: rfc3339(expires_at_ms), url: signInUrl(deps.consoleUrl(), claim_token) };
    },
  );
}

/** The token stays in the fragment: servers, proxies and their logs never see it. */
export function signInUrl(consoleUrl: string, claimToken: string): string {
  return `${consoleUrl}/#claim=${claimToken}`;
}

/** A user as the API shows them. */
export function userBody(user: User): UserBody {
  return {
    email: user.email,
    role: user.role,
    created_at: rfc3339(user.created_at_ms),
    revoked: user.revoked,
    created_by_request_id: user.created_by_request_id,
    modified_by_request_id: user.modified_by_request_id,
    ...(user.last_used_at_ms === undefined ? {} : { last_used: rfc3339(user.last_used_at_ms) }),
  };
}
