import {
  defaultImageId,
  listImages,
  registerImage,
  removeImage,
  requirePermission,
  resolveImage,
  parseImageReference,
  rfc3339,
  type Image,
  type Registered,
} from '@runvoy/core';
import {
  ChangeHeadersSchema,
  ImageListSchema,
  ImageMessageSchema,
  ImageParamsSchema,
  ImageSchema,
  KeyedHeadersSchema,
  ReadHeadersSchema,
  RegisterImageRequestSchema,
} from '@runvoy/protocol/schemas';
import type { ImageAnswer, ImageBody, ListImagesAnswer, RegisterImageRequest } from '@runvoy/protocol';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { actedBy, callerOf } from './authentication.ts';
import type { OrchestratorDeps } from './deps.ts';
import { answerTagged, demandedState, entityTag } from './entity-tags.ts';
import type { KeyedCalls } from './keyed-calls.ts';
import { KEYED_ERRORS, NOT_MODIFIED } from './openapi/conditional.ts';

/** A default mark and a limit change only where they are named. */
const ALREADY_REGISTERED = 'Image was registered in this size before; what was not named stays as it was';

/** Images. One wildcard takes names with raw and with encoded slashes: runvoy's CLI sends both. */
export function imageRoutes(api: FastifyInstance, deps: OrchestratorDeps, keyed: KeyedCalls): void {
  const { records } = deps;

  api.get(
    '/images',
    {
      schema: {
        operationId: 'listImages',
        tags: ['images'],
        summary: 'All that are registered',
        permission: 'images.read',
        response: { 200: ImageListSchema },
      },
    },
    async (request): Promise<ListImagesAnswer> => {
      requirePermission(callerOf(request), 'images.read');
      const standing = await defaultImageId(records);
      return { images: (await listImages(records)).map((image) => imageBody(image, standing)) };
    },
  );

  api.post<{ Body: RegisterImageRequest }>(
    '/images/register',
    {
      schema: {
        operationId: 'registerImage',
        tags: ['images'],
        summary: 'Register one, or set its default mark or limit',
        headers: KeyedHeadersSchema,
        answerHeaders: ['Idempotent-Replayed'],
        permission: 'images.register',
        body: RegisterImageRequestSchema,
        response: { 201: ImageMessageSchema },
        errors: ['CONFLICT', ...KEYED_ERRORS],
      },
      preValidation: async (request) => requirePermission(callerOf(request), 'images.register'),
    },
    async (request, reply): Promise<ImageAnswer> => {
      const { image } = request.body;
      const registered = await keyed.once<Registered>(request, reply, 'nothing-secret', async (keep) => {
        const stored = await registerImage(deps, request.body, actedBy(request), 'demanded', keep);
        return { image_id: stored.image_id, is_new: stored.created_by_request_id === request.id };
      });
      reply.code(201);
      return { image, message: registered.is_new ? 'Image registered successfully' : ALREADY_REGISTERED };
    },
  );

  api.get<{ Params: { '*': string } }>(
    '/images/*',
    {
      schema: {
        operationId: 'getImage',
        tags: ['images'],
        summary: 'One image',
        permission: 'images.read',
        params: ImageParamsSchema,
        headers: ReadHeadersSchema,
        answerHeaders: ['ETag'],
        response: { 200: ImageSchema, 304: NOT_MODIFIED },
        errors: ['IMAGE_NOT_FOUND', 'INVALID_REQUEST', 'UNPROCESSABLE'],
      },
    },
    async (request, reply): Promise<ImageBody | FastifyReply> => {
      requirePermission(callerOf(request), 'images.read');
      const image = await resolveImage(records, request.params['*']);
      const body = imageBody(image, await defaultImageId(records));
      return answerTagged(request, reply, entityTag(body), body);
    },
  );

  api.delete<{ Params: { '*': string } }>(
    '/images/*',
    {
      schema: {
        operationId: 'removeImage',
        tags: ['images'],
        summary: 'Remove one, by its id',
        permission: 'images.remove',
        params: ImageParamsSchema,
        headers: ChangeHeadersSchema,
        response: { 200: ImageMessageSchema },
        errors: ['IMAGE_NOT_FOUND', 'UNPROCESSABLE', 'PRECONDITION_FAILED'],
      },
    },
    async (request): Promise<ImageAnswer> => {
      requirePermission(callerOf(request), 'images.remove');
      const imageId = request.params['*'];
      const requireState = demandedState(request);
      await removeImage(deps, imageId, actedBy(request), (image, standing) =>
        requireState(() => entityTag(imageBody(image, standing))),
      );
      return { image: imageId, message: 'Image removed successfully' };
    },
  );
}

/** A registration as the API shows it. */
export function imageBody(image: Image, defaultId: string | undefined): ImageBody {
  const { registry, name, tag } = parseImageReference(image.image);
  return {
    image_id: image.image_id,
    image: image.image,
    is_default: image.image_id === defaultId,
    cpu: image.cpu,
    memory: image.memory_mib,
    network: image.network ?? 'default',
    ...(image.max_running === undefined ? {} : { max_running: image.max_running }),
    runtime_platform: image.runtime_platform,
    ...(registry === '' ? {} : { image_registry: registry }),
    image_name: name,
    image_tag: tag,
    ...(image.task_role_name === undefined ? {} : { task_role_name: image.task_role_name }),
    ...(image.task_execution_role_name === undefined
      ? {}
      : { task_execution_role_name: image.task_execution_role_name }),
    created_by: image.created_by,
    owned_by: image.owned_by,
    created_at: rfc3339(image.created_at_ms),
    created_by_request_id: image.created_by_request_id,
    modified_by_request_id: image.modified_by_request_id,
  };
}
