import {
  changePlaybook,
  createPlaybook,
  listPlaybooks,
  listPlaybookVersions,
  playbookBody,
  playbookSummary,
  readPlaybook,
  removePlaybook,
  requirePermission,
  rfc3339,
  submitPlaybookRun,
} from '@runvoy/core';
import {
  AcceptedRunSchema,
  ChangePlaybookRequestSchema,
  CreatePlaybookRequestSchema,
  PageQuerySchema,
  PlaybookAnswerSchema,
  PlaybookPageSchema,
  PlaybookParamsSchema,
  PlaybookQuerySchema,
  PlaybookVersionPageSchema,
  RemovedPlaybookSchema,
  RunHeadersSchema,
  RunPlaybookRequestSchema,
  WaitedRunSchema,
} from '@runvoy/protocol/schemas';
import type {
  ChangePlaybookRequest,
  CreatePlaybookRequest,
  ListPlaybooksAnswer,
  ListPlaybookVersionsAnswer,
  PlaybookAnswer,
  PlaybookRemoved,
  RunAnswer,
  RunPlaybookRequest,
  WaitedRunAnswer,
} from '@runvoy/protocol';
import type { FastifyInstance } from 'fastify';
import type { AcceptedRuns } from './accepted-runs.ts';
import { asking, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { readPageQuery, readVersion } from './list-query.ts';
import { RUN_REFUSALS } from './run-routes.ts';

type ByName = { Params: { name: string } };
type ByQuery = { Querystring: Record<string, unknown> };

/** Playbooks: what is run again and again, kept on the server in versions that never change. */
export function playbookRoutes(api: FastifyInstance, deps: OrchestratorDeps, runs: AcceptedRuns): void {
  const { records } = deps;

  api.get<ByQuery>(
    '/playbooks',
    {
      schema: {
        operationId: 'listPlaybooks',
        tags: ['playbooks'],
        summary: 'Playbooks by name, without what they do',
        querystring: PageQuerySchema,
        response: { 200: PlaybookPageSchema },
        errors: ['INVALID_REQUEST'],
      },
    },
    async (request): Promise<ListPlaybooksAnswer> => {
      const page = await listPlaybooks(records, callerOf(request), readPageQuery(request.query));
      return { playbooks: page.records.map(({ value }) => playbookSummary(value)), ...nextOf(page) };
    },
  );

  api.post<{ Body: CreatePlaybookRequest }>(
    '/playbooks',
    {
      schema: {
        operationId: 'createPlaybook',
        tags: ['playbooks'],
        summary: 'Keep a playbook, as its version 1',
        description: 'Under a name that was deleted, the numbers of its versions go on.',
        body: CreatePlaybookRequestSchema,
        response: { 201: PlaybookAnswerSchema },
        errors: ['PLAYBOOK_ALREADY_EXISTS', 'UNPROCESSABLE'],
      },
      preValidation: async (request) => requirePermission(callerOf(request), 'playbook.create'),
    },
    async (request, reply): Promise<PlaybookAnswer> => {
      const { playbook, version } = await createPlaybook(deps, request.body, asking(request));
      reply.code(201);
      return { playbook: playbookBody(playbook, version) };
    },
  );

  api.get<ByName & ByQuery>(
    '/playbooks/:name',
    {
      schema: {
        operationId: 'getPlaybook',
        tags: ['playbooks'],
        summary: 'What it does, at one of its versions',
        params: PlaybookParamsSchema,
        querystring: PlaybookQuerySchema,
        response: { 200: PlaybookAnswerSchema },
        errors: ['INVALID_REQUEST', 'PLAYBOOK_NOT_FOUND'],
      },
    },
    async (request): Promise<PlaybookAnswer> => {
      const { name } = request.params;
      const found = await readPlaybook(records, callerOf(request), name, readVersion(request.query));
      return { playbook: playbookBody(found.playbook, found.version) };
    },
  );

  api.put<ByName & { Body: ChangePlaybookRequest }>(
    '/playbooks/:name',
    {
      schema: {
        operationId: 'changePlaybook',
        tags: ['playbooks'],
        summary: 'Make a new version of it',
        description: 'The whole definition. The same as the newest version makes none.',
        params: PlaybookParamsSchema,
        body: ChangePlaybookRequestSchema,
        response: { 200: PlaybookAnswerSchema },
        errors: ['PLAYBOOK_NOT_FOUND', 'UNPROCESSABLE'],
      },
    },
    async (request): Promise<PlaybookAnswer> => {
      const { playbook, version } = await changePlaybook(deps, request.params.name, request.body, asking(request));
      return { playbook: playbookBody(playbook, version) };
    },
  );

  api.delete<ByName>(
    '/playbooks/:name',
    {
      schema: {
        operationId: 'deletePlaybook',
        tags: ['playbooks'],
        summary: 'Delete it; runs that it started go on',
        params: PlaybookParamsSchema,
        response: { 200: RemovedPlaybookSchema },
        errors: ['PLAYBOOK_NOT_FOUND'],
      },
    },
    async (request): Promise<PlaybookRemoved> => {
      const { name } = request.params;
      await removePlaybook(deps, name, asking(request));
      return { name, message: 'Playbook deleted successfully' };
    },
  );

  api.get<ByName & ByQuery>(
    '/playbooks/:name/versions',
    {
      schema: {
        operationId: 'listPlaybookVersions',
        tags: ['playbooks'],
        summary: 'Its versions, the newest first',
        params: PlaybookParamsSchema,
        querystring: PageQuerySchema,
        response: { 200: PlaybookVersionPageSchema },
        errors: ['INVALID_REQUEST', 'PLAYBOOK_NOT_FOUND'],
      },
    },
    async (request): Promise<ListPlaybookVersionsAnswer> => {
      const { name } = request.params;
      const page = await listPlaybookVersions(records, callerOf(request), name, readPageQuery(request.query));
      const versions = page.records.map(({ value: { version, definition, ...made } }) => ({
        version,
        ...(definition.description === undefined ? {} : { description: definition.description }),
        created_by: made.created_by,
        created_at: rfc3339(made.created_at_ms),
        created_by_request_id: made.created_by_request_id,
      }));
      return { versions, ...nextOf(page) };
    },
  );

  api.post<ByName & { Body: RunPlaybookRequest | undefined }>(
    '/playbooks/:name/run',
    {
      schema: {
        operationId: 'runPlaybook',
        tags: ['playbooks'],
        summary: 'Run it',
        description:
          'Values of parameters reach the command as environment variables. What else is given stands in place of what the playbook says; secrets and labels come on top. Answers as `run` does.',
        params: PlaybookParamsSchema,
        headers: RunHeadersSchema,
        body: RunPlaybookRequestSchema,
        response: { 200: WaitedRunSchema, 202: AcceptedRunSchema },
        answerHeaders: ['Preference-Applied'],
        errors: ['PLAYBOOK_NOT_FOUND', ...RUN_REFUSALS],
      },
      preValidation: async (request) => {
        requirePermission(callerOf(request), 'playbook.run');
        // A playbook without parameters is run without a body.
        request.body ??= {};
      },
    },
    async (request, reply): Promise<RunAnswer | WaitedRunAnswer> => {
      const idempotencyKey = request.headers['idempotency-key'];
      const accepted = await submitPlaybookRun(deps, {
        name: request.params.name,
        request: request.body ?? {},
        caller: callerOf(request),
        requestId: request.id,
        ...(typeof idempotencyKey === 'string' ? { idempotencyKey } : {}),
      });
      return runs.answer(request, reply, accepted);
    },
  );
}

function nextOf({ next }: { readonly next?: string }): { readonly next?: string } {
  return next === undefined ? {} : { next };
}
