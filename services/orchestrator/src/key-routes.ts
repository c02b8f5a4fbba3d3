import {
  apiKeyRef,
  can,
  createKey,
  Failure,
  listKeys,
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
  CreateKeyRequestSchema,
  IssuedKeySchema,
  KeyListQuerySchema,
  KeyListSchema,
  KeyParamsSchema,
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
import type { FastifyInstance, FastifyReply } from 'fastify';
import { asking, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';

type ById = { Params: { id: string } };

/** Keys, and what a caller may do with the one that asks. */
export function keyRoutes(api: FastifyInstance, deps: OrchestratorDeps): void {
  api.get<{ Querystring: Record<string, unknown> }>(
    '/keys',
    {
      schema: {
        operationId: 'listKeys',
        tags: ['keys'],
        summary: "Your keys, or a user's",
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

  api.post<{ Body: CreateKeyRequest }>(
    '/keys',
    {
      schema: {
        operationId: 'createKey',
        tags: ['keys'],
        summary: 'Make a key',
        description: 'Its text is in this answer alone.',
        body: CreateKeyRequestSchema,
        response: { 201: IssuedKeySchema },
        errors: ['NOT_FOUND', 'CONFLICT', 'UNPROCESSABLE'],
      },
    },
    async (request, reply): Promise<KeyAnswer> =>
      keyAnswer(reply, await createKey(deps, request.body, asking(request))),
  );

  api.post<ById & { Body: RotateKeyRequest }>(
    '/keys/:id/rotate',
    {
      schema: {
        operationId: 'rotateKey',
        tags: ['keys'],
        summary: 'Put a new key in the place of one',
        params: KeyParamsSchema,
        body: RotateKeyRequestSchema,
        response: { 201: IssuedKeySchema },
        errors: ['NOT_FOUND', 'CONFLICT', 'UNPROCESSABLE'],
      },
      // Everything in it may be left out, and so may it.
      preValidation: async (request) => void (request.body ??= {}),
    },
    async (request, reply): Promise<KeyAnswer> => {
      const overlapMs = (request.body.overlap ?? 0) * 1000;
      return keyAnswer(reply, await rotateKey(deps, { keyId: request.params.id, overlapMs }, asking(request)));
    },
  );

  api.delete<ById>(
    '/keys/:id',
    {
      schema: {
        operationId: 'revokeKey',
        tags: ['keys'],
        summary: 'Revoke one; it is refused from the next request on',
        params: KeyParamsSchema,
        response: { 200: RevokedKeySchema },
        errors: ['NOT_FOUND'],
      },
    },
    async (request): Promise<{ readonly key: KeyBody }> => {
      return { key: keyBody(await revokeKey(deps, request.params.id, asking(request))) };
    },
  );

  api.get(
    '/whoami',
    {
      schema: {
        operationId: 'whoAmI',
        tags: ['keys'],
        summary: 'Who you are, and what this key counts as',
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

/** The one answer that holds the key: nobody keeps it. */
function keyAnswer(reply: FastifyReply, { key, api_key }: IssuedKey): KeyAnswer {
  reply.code(201).header('cache-control', 'no-store');
  return { key: keyBody(key), api_key };
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
  };
}
