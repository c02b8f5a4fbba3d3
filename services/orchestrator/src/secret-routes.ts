import {
  createSecret,
  grantSecret,
  listSecrets,
  readSecret,
  removeSecret,
  requirePermission,
  rfc3339,
  ungrantSecret,
  updateSecret,
  type Secret,
} from '@runvoy/core';
import {
  ChangeHeadersSchema,
  CreateSecretRequestSchema,
  GrantParamsSchema,
  KeyedHeadersSchema,
  ReadHeadersSchema,
  RemovedSecretSchema,
  SecretListSchema,
  SecretMessageSchema,
  SecretParamsSchema,
  SecretWithValueSchema,
  UpdateSecretRequestSchema,
} from '@runvoy/protocol/schemas';
import type {
  CreateSecretRequest,
  ListSecretsAnswer,
  SecretAnswer,
  SecretBody,
  SecretMessage,
  SecretRemoved,
  UpdateSecretRequest,
} from '@runvoy/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { asking, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { answerTagged, demandedState, entityTag } from './entity-tags.ts';
import type { KeyedCalls } from './keyed-calls.ts';
import { KEYED_ERRORS, NOT_MODIFIED } from './openapi/conditional.ts';

type ByName = { Params: { name: string } };
type Grant = { Params: { name: string; email: string } };

/** Secrets. A value goes out in one answer alone: the one about this secret, to who may read it. */
export function secretRoutes(api: FastifyInstance, deps: OrchestratorDeps, keyed: KeyedCalls): void {
  api.get(
    '/secrets',
    {
      schema: {
        operationId: 'listSecrets',
        tags: ['secrets'],
        summary: 'Those that you may use, without their values',
        permission: 'secrets.list',
        response: { 200: SecretListSchema },
      },
    },
    async (request): Promise<ListSecretsAnswer> => {
      const secrets = (await listSecrets(deps, callerOf(request))).map((secret) => secretBody(secret));
      return { secrets, total: secrets.length };
    },
  );

  api.post<{ Body: CreateSecretRequest }>(
    '/secrets',
    {
      schema: {
        operationId: 'createSecret',
        tags: ['secrets'],
        summary: 'Keep a value',
        headers: KeyedHeadersSchema,
        answerHeaders: ['Idempotent-Replayed'],
        permission: 'secrets.create',
        body: CreateSecretRequestSchema,
        response: { 201: SecretMessageSchema },
        errors: ['SECRET_ALREADY_EXISTS', ...KEYED_ERRORS],
      },
      preValidation: async (request) => requirePermission(callerOf(request), 'secrets.create'),
    },
    async (request, reply): Promise<SecretMessage> => {
      await keyed.once<{ readonly name: string }>(request, reply, 'nothing-secret', (keep) =>
        createSecret(deps, request.body, asking(request), keep),
      );
      reply.code(201);
      return { message: 'Secret created successfully' };
    },
  );

  api.get<ByName>(
    '/secrets/:name',
    {
      schema: {
        operationId: 'getSecret',
        tags: ['secrets'],
        summary: 'One secret with its value',
        permission: 'secret.read',
        params: SecretParamsSchema,
        headers: ReadHeadersSchema,
        answerHeaders: ['ETag'],
        response: { 200: SecretWithValueSchema, 304: NOT_MODIFIED },
        errors: ['SECRET_NOT_FOUND'],
      },
    },
    async (request, reply): Promise<SecretAnswer | FastifyReply> => {
      const { secret, value } = await readSecret(deps, request.params.name, asking(request));
      return answerTagged(request, reply, secretTag(secret), { secret: secretBody(secret, value) });
    },
  );

  api.put<ByName & { Body: UpdateSecretRequest }>(
    '/secrets/:name',
    {
      schema: {
        operationId: 'updateSecret',
        tags: ['secrets'],
        summary: 'Change it',
        permission: 'secret.change',
        description: 'A field that is left out or empty stays as it is.',
        params: SecretParamsSchema,
        headers: ChangeHeadersSchema,
        body: UpdateSecretRequestSchema,
        response: { 200: SecretMessageSchema },
        errors: ['SECRET_NOT_FOUND', 'UNPROCESSABLE', 'PRECONDITION_FAILED'],
      },
    },
    async (request): Promise<SecretMessage> => {
      await updateSecret(deps, request.params.name, request.body, asking(request), stateOf(request));
      return { message: 'Secret updated successfully' };
    },
  );

  api.delete<ByName>(
    '/secrets/:name',
    {
      schema: {
        operationId: 'deleteSecret',
        tags: ['secrets'],
        summary: 'Delete it',
        permission: 'secret.change',
        params: SecretParamsSchema,
        headers: ChangeHeadersSchema,
        response: { 200: RemovedSecretSchema },
        errors: ['SECRET_NOT_FOUND', 'PRECONDITION_FAILED'],
      },
    },
    async (request): Promise<SecretRemoved> => {
      const { name } = request.params;
      await removeSecret(deps, name, asking(request), stateOf(request));
      return { name, message: 'Secret deleted successfully' };
    },
  );

  api.put<Grant>(
    '/secrets/:name/grants/:email',
    {
      schema: {
        operationId: 'grantSecret',
        tags: ['secrets'],
        summary: 'Let a user use it',
        permission: 'secret.change',
        params: GrantParamsSchema,
        headers: ChangeHeadersSchema,
        response: { 200: SecretMessageSchema },
        errors: ['SECRET_NOT_FOUND', 'NOT_FOUND', 'UNPROCESSABLE', 'PRECONDITION_FAILED'],
      },
    },
    async (request): Promise<SecretMessage> => {
      const { name, email } = request.params;
      await grantSecret(deps, name, email, asking(request), stateOf(request));
      return { message: `${email} may use ${name}` };
    },
  );

  api.delete<Grant>(
    '/secrets/:name/grants/:email',
    {
      schema: {
        operationId: 'ungrantSecret',
        tags: ['secrets'],
        summary: 'Let a user use it no longer',
        permission: 'secret.change',
        params: GrantParamsSchema,
        headers: ChangeHeadersSchema,
        response: { 200: SecretMessageSchema },
        errors: ['SECRET_NOT_FOUND', 'PRECONDITION_FAILED'],
      },
    },
    async (request): Promise<SecretMessage> => {
      const { name, email } = request.params;
      await ungrantSecret(deps, name, email, asking(request), stateOf(request));
      return { message: `${email} may not use ${name} any more` };
    },
  );
}

/** The value stands for itself in its sealed form: a tag may be seen by who may not see the value. */
function secretTag(secret: Secret): string {
  return entityTag({ ...secretBody(secret), sealed: Buffer.from(secret.sealed).toString('base64') });
}

function stateOf(request: FastifyRequest): (secret: Secret) => void {
  const requireState = demandedState(request);
  return (secret) => requireState(() => secretTag(secret));
}

/** A secret as the API shows it; its value only where it is given. */
export function secretBody(secret: Secret, value?: string): SecretBody {
  return {
    name: secret.name,
    key_name: secret.key_name,
    ...(secret.description === undefined ? {} : { description: secret.description }),
    ...(value === undefined ? {} : { value }),
    created_by: secret.created_by,
    updated_by: secret.updated_by,
    owned_by: secret.owned_by,
    granted_to: secret.granted_to,
    created_at: rfc3339(secret.created_at_ms),
    updated_at: rfc3339(secret.updated_at_ms),
    created_by_request_id: secret.created_by_request_id,
    modified_by_request_id: secret.modified_by_request_id,
  };
}
