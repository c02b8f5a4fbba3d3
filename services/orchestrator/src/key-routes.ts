import {
  apiKeyRef,
  can,
  createKey,
  Failure,
  listKeys,
  normalEmail,
  readKey,
  requirePermission,
  revokeKey,
  rfc3339,
  rotateKey,
  userRef,
  type ApiKey,
  type IssuedKey,
} from '@runvoy/core';
import {
  CanQuerySchema,
  CanSchema,
  ChangeHeadersSchema,
  CreateKeyRequestSchema,
  IssuedKeySchema,
  KeyedHeadersSchema,
  KeyListQuerySchema,
  KeyListSchema,
  KeyParamsSchema,
  KeySchema,
  ReadHeadersSchema,
  ReplaceHeadersSchema,
  RevokedKeySchema,
  RotateKeyRequestSchema,
  WhoAmISchema,
} from '@runvoy/protocol/schemas';
import type {
  CanAnswer,
  CreateKeyRequest,
  KeyAnswer,
  KeyBody,
  ListKeysAnswer,
  RotateKeyRequest,
  WhoAmIAnswer,
} from '@runvoy/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { asking, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { answerTagged, demandedState, entityTag } from './entity-tags.ts';
import type { KeyedCalls } from './keyed-calls.ts';
import { KEYED_ERRORS, NOT_MODIFIED } from './openapi/conditional.ts';

type ById = { Params: { id: string } };

/** Keys, and what a caller may do with the one that asks. */
export function keyRoutes(api: FastifyInstance, deps: OrchestratorDeps, keyed: KeyedCalls): void {
  api.get<{ Querystring: Record<string, unknown> }>(
    '/keys',
    {
      schema: {
        operationId: 'listKeys',
        tags: ['keys'],
        summary: "Your keys, or a user's",
        permission: 'keys.manage',
        querystring: KeyListQuerySchema,
        response: { 200: KeyListSchema },
        errors: ['INVALID_REQUEST', 'NOT_FOUND'],
      },
    },
    async (request): Promise<ListKeysAnswer> => {
      const user = oneText(request.query, 'user');
      return { keys: (await listKeys(deps, user, callerOf(request))).map(keyBody) };
    },
  );

  api.get<ById>(
    '/keys/:id',
    {
      schema: {
        operationId: 'getKey',
        tags: ['keys'],
        summary: 'One key, without its text',
        permission: 'keys.manage',
        params: KeyParamsSchema,
        headers: ReadHeadersSchema,
        answerHeaders: ['ETag'],
        response: { 200: KeySchema, 304: NOT_MODIFIED },
        errors: ['NOT_FOUND'],
      },
    },
    async (request, reply): Promise<KeyBody | FastifyReply> => {
      const key = await readKey(deps.records, request.params.id, callerOf(request));
      return answerTagged(request, reply, keyTag(key), keyBody(key));
    },
  );

  api.post<{ Body: CreateKeyRequest }>(
    '/keys',
    {
      schema: {
        operationId: 'createKey',
        tags: ['keys'],
        summary: 'Make a key',
        permission: 'keys.manage',
        description: 'Its text is in this answer alone.',
        headers: KeyedHeadersSchema,
        answerHeaders: ['Idempotent-Replayed', 'ETag'],
        body: CreateKeyRequestSchema,
        response: { 201: IssuedKeySchema },
        errors: ['NOT_FOUND', 'CONFLICT', 'UNPROCESSABLE', ...KEYED_ERRORS],
      },
    },
    async (request, reply): Promise<KeyAnswer> => {
      const caller = callerOf(request);
      // Before what was made earlier is told again: the caller may do less by now.
      requirePermission(caller, 'keys.manage', [normalEmail(request.body.user ?? caller.user.email)]);
      const issued = await keyed.once<IssuedKey>(request, reply, 'credential', (keep) =>
        createKey(deps, request.body, asking(request), keep),
      );
      return keyAnswer(reply, issued);
    },
  );

  api.post<ById & { Body: RotateKeyRequest }>(
    '/keys/:id/rotate',
    {
      schema: {
        operationId: 'rotateKey',
        tags: ['keys'],
        summary: 'Put a new key in the place of one',
        permission: 'keys.manage',
        params: KeyParamsSchema,
        headers: ReplaceHeadersSchema,
        answerHeaders: ['Idempotent-Replayed', 'ETag'],
        body: RotateKeyRequestSchema,
        response: { 201: IssuedKeySchema },
        errors: ['NOT_FOUND', 'CONFLICT', 'PRECONDITION_FAILED', ...KEYED_ERRORS],
      },
      // Everything in it may be left out, and so may it.
      preValidation: async (request) => void (request.body ??= {}),
    },
    async (request, reply): Promise<KeyAnswer> => {
      const overlapMs = (request.body.overlap ?? 0) * 1000;
      const which = { keyId: request.params.id, overlapMs };
      const issued = await keyed.once<IssuedKey>(request, reply, 'credential', (keep) =>
        rotateKey(deps, which, asking(request), keep, stateOf(request)),
      );
      return keyAnswer(reply, issued);
    },
  );

  api.delete<ById>(
    '/keys/:id',
    {
      schema: {
        operationId: 'revokeKey',
        tags: ['keys'],
        summary: 'Revoke one; it is refused from the next request on',
        permission: 'keys.manage',
        params: KeyParamsSchema,
        headers: ChangeHeadersSchema,
        response: { 200: RevokedKeySchema },
        errors: ['NOT_FOUND', 'PRECONDITION_FAILED'],
      },
    },
    async (request): Promise<{ readonly key: KeyBody }> => {
      return { key: keyBody(await revokeKey(deps, request.params.id, asking(request), stateOf(request))) };
    },
  );

  api.get(
    '/whoami',
    {
      schema: {
        operationId: 'whoAmI',
        tags: ['keys'],
        summary: 'Who you are, and what this key counts as',
        description: 'Asks for no permission.',
        response: { 200: WhoAmISchema },
      },
    },
    async (request): Promise<WhoAmIAnswer> => {
      const { user, key_id } = callerOf(request);
      const [stored, key] = await Promise.all([
        deps.records.get(userRef(user.email)),
        deps.records.get(apiKeyRef(key_id)),
      ]);
      if (!stored || !key) throw new Failure('API_KEY_REVOKED');
      return { email: user.email, role: stored.value.role, effective_role: user.role, key: keyBody(key.value) };
    },
  );

  api.get<{ Querystring: Record<string, unknown> }>(
    '/can',
    {
      schema: {
        operationId: 'can',
        tags: ['keys'],
        summary: 'Whether you may, and by which rule',
        description: 'Asks for no permission, and does nothing.',
        querystring: CanQuerySchema,
        response: { 200: CanSchema },
        errors: ['INVALID_REQUEST'],
      },
    },
    async (request): Promise<CanAnswer> => {
      const permission = oneText(request.query, 'permission') ?? '';
      return can(deps, callerOf(request), permission, oneText(request.query, 'thing'));
    },
  );
}

/** A parameter given once. */
function oneText(query: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw new Failure('INVALID_REQUEST', `${name} may be given once.`);
}

/** The one answer that holds the key. */
function keyAnswer(reply: FastifyReply, { key, api_key }: IssuedKey): KeyAnswer {
  reply.code(201).header('ETag', keyTag(key));
  return { key: keyBody(key), api_key };
}

/** When it was last used is no change of it. */
function keyTag({ last_used_at_ms: _, ...key }: ApiKey): string {
  return entityTag(keyBody(key));
}

function stateOf(request: FastifyRequest): (key: ApiKey) => void {
  const requireState = demandedState(request);
  return (key) => requireState(() => keyTag(key));
}

function keyBody(key: ApiKey): KeyBody {
  const { expires_at_ms, last_used_at_ms, scope = {} } = key;
  return {
    key_id: key.key_id,
    user: key.user_email,
    name: key.name,
    created_at: rfc3339(key.created_at_ms),
    ...(expires_at_ms === undefined ? {} : { expires_at: rfc3339(expires_at_ms) }),
    ...(last_used_at_ms === undefined ? {} : { last_used: rfc3339(last_used_at_ms) }),
    revoked: key.revoked,
    ...(scope.ceiling === undefined ? {} : { role: scope.ceiling }),
    ...(scope.images === undefined ? {} : { images: scope.images }),
    ...(scope.secrets === undefined ? {} : { secrets: scope.secrets }),
    ...(scope.max_running === undefined ? {} : { max_running: scope.max_running }),
    ...(scope.counted_with === undefined ? {} : { counted_with: scope.counted_with }),
  };
}
