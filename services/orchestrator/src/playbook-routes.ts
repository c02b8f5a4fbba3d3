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
  type Playbook,
  type PlaybookAt,
} from '@runvoy/core';
import {
  AcceptedRunSchema,
  ChangeHeadersSchema,
  ChangePlaybookRequestSchema,
  CreatePlaybookRequestSchema,
  KeyedHeadersSchema,
  PageQuerySchema,
  PlaybookAnswerSchema,
  PlaybookPageSchema,
  PlaybookParamsSchema,
  PlaybookQuerySchema,
  PlaybookVersionPageSchema,
  ReadHeadersSchema,
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
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { askedRun } from './accepted-runs.ts';
import { asking, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { answerTagged, demandedState, entityTag } from './entity-tags.ts';
import { keyedCall } from './keyed-calls.ts';
import { readPageQuery, readVersion } from './list-query.ts';
import { KEYED_ERRORS, NOT_MODIFIED } from './openapi/conditional.ts';
import { RUN_REFUSALS, type RunDoors } from './run-routes.ts';

type ByName = { Params: { name: string } };
type ByQuery = { Querystring: Record<string, unknown> };

/** Playbooks: what is run again and again, kept on the server in versions that never change. */
export function playbookRoutes(api: FastifyInstance, deps: OrchestratorDeps, { runs, keyed }: RunDoors): void {
  const { records } = deps;

  api.get<ByQuery>(
    '/playbooks',
    {
      schema: {
        operationId: 'listPlaybooks',
        tags: ['playbooks'],
        summary: 'Playbooks by name, without what they do',
        permission: 'playbook.read',
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
        permission: 'playbook.create',
        description: 'Under a name that was deleted, the numbers of its versions go on.',
        headers: KeyedHeadersSchema,
        answerHeaders: ['Idempotent-Replayed', 'ETag'],
        body: CreatePlaybookRequestSchema,
        response: { 201: PlaybookAnswerSchema },
        errors: ['PLAYBOOK_ALREADY_EXISTS', ...KEYED_ERRORS],
      },
      preValidation: async (request) => requirePermission(callerOf(request), 'playbook.create'),
    },
    async (request, reply): Promise<PlaybookAnswer> => {
      const { playbook, version } = await keyed.once<PlaybookAt>(request, reply, 'nothing-secret', (keep) =>
        createPlaybook(deps, request.body, asking(request), keep),
      );
      reply.code(201).header('ETag', playbookTag(playbook, version.version));
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
        permission: 'playbook.read',
        params: PlaybookParamsSchema,
        querystring: PlaybookQuerySchema,
        headers: ReadHeadersSchema,
        answerHeaders: ['ETag'],
        response: { 200: PlaybookAnswerSchema, 304: NOT_MODIFIED },
        errors: ['INVALID_REQUEST', 'PLAYBOOK_NOT_FOUND'],
      },
    },
    async (request, reply): Promise<PlaybookAnswer | FastifyReply> => {
      const { name } = request.params;
      const found = await readPlaybook(records, callerOf(request), name, readVersion(request.query));
      const tag = playbookTag(found.playbook, found.version.version);
      return answerTagged(request, reply, tag, { playbook: playbookBody(found.playbook, found.version) });
    },
  );

  api.put<ByName & { Body: ChangePlaybookRequest }>(
    '/playbooks/:name',
    {
      schema: {
        operationId: 'changePlaybook',
        tags: ['playbooks'],
        summary: 'Make a new version of it',
        permission: 'playbook.change',
        description: 'The whole definition. The same as the newest version makes none.',
        params: PlaybookParamsSchema,
        headers: ChangeHeadersSchema,
        answerHeaders: ['ETag'],
        body: ChangePlaybookRequestSchema,
        response: { 200: PlaybookAnswerSchema },
        errors: ['PLAYBOOK_NOT_FOUND', 'UNPROCESSABLE', 'PRECONDITION_FAILED'],
      },
    },
    async (request, reply): Promise<PlaybookAnswer> => {
      const { name } = request.params;
      const { playbook, version } = await changePlaybook(deps, name, request.body, asking(request), stateOf(request));
      reply.header('ETag', playbookTag(playbook, version.version));
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
        permission: 'playbook.delete',
        params: PlaybookParamsSchema,
        headers: ChangeHeadersSchema,
        response: { 200: RemovedPlaybookSchema },
        errors: ['PLAYBOOK_NOT_FOUND', 'PRECONDITION_FAILED'],
      },
    },
    async (request): Promise<PlaybookRemoved> => {
      const { name } = request.params;
      await removePlaybook(deps, name, asking(request), stateOf(request));
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
        permission: 'playbook.read',
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
        permission: 'playbook.run',
        description:
          'Values of parameters reach the command as environment variables. What else is given stands in place of what the playbook says; secrets and labels come on top. Answers as `run` does.',
        params: PlaybookParamsSchema,
        headers: RunHeadersSchema,
        body: RunPlaybookRequestSchema,
        response: { 200: WaitedRunSchema, 202: AcceptedRunSchema },
        answerHeaders: ['Preference-Applied', 'Idempotent-Replayed'],
        errors: ['PLAYBOOK_NOT_FOUND', ...RUN_REFUSALS],
      },
      preValidation: async (request) => {
        requirePermission(callerOf(request), 'playbook.run');
        // A playbook without parameters is run without a body.
        request.body ??= {};
      },
    },
    async (request, reply): Promise<RunAnswer | WaitedRunAnswer> => {
      const submission = { name: request.params.name, request: request.body ?? {}, ...askedRun(request) };
      const accepted = await keyed.alone(keyedCall(request), () => submitPlaybookRun(deps, submission));
      return runs.answer(request, reply, accepted);
    },
  );
}

/** Of what one version shows: every change of the playbook makes another. */
function playbookTag(playbook: Playbook, version: number): string {
  return entityTag({ ...playbookSummary(playbook), shown: version });
}

function stateOf(request: FastifyRequest): (playbook: Playbook) => void {
  const requireState = demandedState(request);
  return (playbook) => requireState(() => playbookTag(playbook, playbook.version));
}

function nextOf({ next }: { readonly next?: string }): { readonly next?: string } {
  return next === undefined ? {} : { next };
}
