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
import { ChangeUserRequestSchema, CreateUserRequestSchema, RevokeUserRequestSchema } from '@runvoy/protocol/schemas';
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
  api.get('/users', async (request): Promise<ListUsersAnswer> => {
    requirePermission(callerOf(request), 'users.read');
    return { users: (await listUsers(deps.records)).map(userBody) };
  });

  api.post<{ Body: CreateUserRequest }>(
    '/users/create',
    {
      schema: { body: CreateUserRequestSchema },
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
      schema: { body: RevokeUserRequestSchema },
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
      schema: { body: ChangeUserRequestSchema },
      preValidation: async (r) => requirePermission(callerOf(r), 'users.change'),
    },
    async (request): Promise<ChangeUserAnswer> => {
      return { user: userBody(await changeRole(deps, request.params.email, request.body.role, actedBy(request))) };
    },
  );

  api.post('/users/login-link', async (request, reply): Promise<SignInLinkAnswer> => {
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
  });
}

/** The token stays in the fragment: servers, proxies and their logs never see it. */
export function signInUrl(consoleUrl: string, claimToken: string): string {
  return `${consoleUrl}/#claim=${claimToken}`;
}

function userBody(user: User): UserBody {
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
