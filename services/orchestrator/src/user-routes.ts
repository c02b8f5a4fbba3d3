import {
  changeRole,
  createUser,
  issueSignIn,
  lastUses,
  listUsers,
  readUser,
  requirePermission,
  revokeUser,
  rfc3339,
  type NewUser,
  type SignIn,
  type User,
} from '@runvoy/core';
import {
  ChangedUserSchema,
  ChangeHeadersSchema,
  ChangeUserRequestSchema,
  CreatedUserSchema,
  CreateUserRequestSchema,
  KeyedHeadersSchema,
  ReadHeadersSchema,
  RevokedUserSchema,
  RevokeUserRequestSchema,
  SignInLinkSchema,
  UserListSchema,
  UserParamsSchema,
  UserSchema,
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
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { actedBy, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { answerTagged, demandedState, entityTag } from './entity-tags.ts';
import type { KeyedCalls } from './keyed-calls.ts';
import { KEYED_ERRORS, NOT_MODIFIED } from './openapi/conditional.ts';

/** Users: list, create with a claim, revoke; and a fresh way in for whoever asks for themselves. */
export function userRoutes(api: FastifyInstance, deps: OrchestratorDeps, keyed: KeyedCalls): void {
  api.get(
    '/users',
    {
      schema: {
        operationId: 'listUsers',
        tags: ['users'],
        summary: 'All of them, those revoked too',
        permission: 'users.read',
        response: { 200: UserListSchema },
      },
    },
    async (request): Promise<ListUsersAnswer> => {
      requirePermission(callerOf(request), 'users.read');
      const users = await listUsers(deps.records);
      const uses = await lastUses(
        deps.records,
        users.map(({ email }) => email),
      );
      return { users: users.map((user) => userBody(user, uses.get(user.email))) };
    },
  );

  api.get<{ Params: { email: string } }>(
    '/users/:email',
    {
      schema: {
        operationId: 'getUser',
        tags: ['users'],
        summary: 'One of them',
        permission: 'users.read',
        params: UserParamsSchema,
        headers: ReadHeadersSchema,
        answerHeaders: ['ETag'],
        response: { 200: UserSchema, 304: NOT_MODIFIED },
        errors: ['NOT_FOUND'],
      },
    },
    async (request, reply): Promise<UserBody | FastifyReply> => {
      requirePermission(callerOf(request), 'users.read');
      const user = await readUser(deps.records, request.params.email);
      return answerTagged(request, reply, userTag(user), userBody(user));
    },
  );

  api.post<{ Body: CreateUserRequest }>(
    '/users/create',
    {
      schema: {
        operationId: 'createUser',
        tags: ['users'],
        summary: 'Make a user, and a claim for their first key',
        headers: KeyedHeadersSchema,
        answerHeaders: ['Idempotent-Replayed', 'ETag'],
        permission: 'users.create',
        body: CreateUserRequestSchema,
        response: { 201: CreatedUserSchema },
        errors: ['CONFLICT', 'UNPROCESSABLE', ...KEYED_ERRORS],
      },
      preValidation: async (r) => requirePermission(callerOf(r), 'users.create'),
    },
    async (request, reply): Promise<CreateUserAnswer> => {
      const { user, claim_token } = await keyed.once<NewUser>(request, reply, 'credential', (keep) =>
        createUser(deps, request.body, actedBy(request), keep, callerOf(request)),
      );
      reply.code(201).header('ETag', userTag(user));
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
        headers: ChangeHeadersSchema,
        permission: 'users.revoke',
        body: RevokeUserRequestSchema,
        response: { 200: RevokedUserSchema },
        errors: ['NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED'],
      },
      preValidation: async (r) => requirePermission(callerOf(r), 'users.revoke'),
    },
    async (request): Promise<RevokeUserAnswer> => {
      const { email } = await revokeUser(deps, request.body.email, actedBy(request), stateOf(request));
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
        permission: 'users.change',
        params: UserParamsSchema,
        headers: ChangeHeadersSchema,
        answerHeaders: ['ETag'],
        body: ChangeUserRequestSchema,
        response: { 200: ChangedUserSchema },
        errors: ['NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED'],
      },
      preValidation: async (r) => requirePermission(callerOf(r), 'users.change'),
    },
    async (request, reply): Promise<ChangeUserAnswer> => {
      const { email } = request.params;
      const user = await changeRole(deps, email, request.body.role, actedBy(request), stateOf(request));
      reply.header('ETag', userTag(user));
      return { user: userBody(user) };
    },
  );

  api.post(
    '/users/login-link',
    {
      schema: {
        operationId: 'createSignInLink',
        tags: ['users'],
        summary: 'A way into the console, once, for yourself',
        headers: KeyedHeadersSchema,
        answerHeaders: ['Idempotent-Replayed'],
        permission: 'sign-in.create',
        response: { 201: SignInLinkSchema },
        errors: [...KEYED_ERRORS],
      },
    },
    async (request, reply): Promise<SignInLinkAnswer> => {
      const caller = callerOf(request);
      requirePermission(caller, 'sign-in.create');
      const { claim_token, expires_at_ms } = await keyed.once<SignIn>(request, reply, 'credential', (keep) =>
        issueSignIn(deps, caller.user.email, 'console', actedBy(request), caller, keep),
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

/** When they were last seen is no change of theirs. */
function userTag({ last_used_at_ms: _, ...user }: User): string {
  return entityTag(userBody(user));
}

function stateOf(request: FastifyRequest): (user: User) => void {
  const requireState = demandedState(request);
  return (user) => requireState(() => userTag(user));
}

/** A user as the API shows them. */
export function userBody(user: User, usedMs = user.last_used_at_ms): UserBody {
  return {
    email: user.email,
    role: user.role,
    created_at: rfc3339(user.created_at_ms),
    revoked: user.revoked,
    created_by_request_id: user.created_by_request_id,
    modified_by_request_id: user.modified_by_request_id,
    ...(usedMs === undefined ? {} : { last_used: rfc3339(usedMs) }),
  };
}
