import Type from 'typebox';
import type { FastifyInstance } from 'fastify';
import { docsPage } from './docs-page.ts';
import { openApiDocument } from './openapi-document.ts';
import type { OpenApiDocument } from './openapi-types.ts';
import { operationsOf } from './operation.ts';

const MINUTES_10 = 'public, max-age=600';

/** The description of what is mounted on `app`; whole once it is ready. */
export function documentOf(app: FastifyInstance, version: string): OpenApiDocument {
  return openApiDocument(operationsOf(app), version);
}

/** The description of the API, for programs and for people. Asks no key: it holds nothing that is not in the sources. */
export function openApiRoutes(app: FastifyInstance, version: string): void {
  // Made when first asked for: by then everything is mounted, and who never asks pays nothing.
  let made: { readonly json: string; readonly page: ReturnType<typeof docsPage> } | undefined;
  const document = () => {
    if (made) return made;
    const described = documentOf(app, version);
    return (made = { json: JSON.stringify(described), page: docsPage(described) });
  };

  app.get(
    '/api/v1/openapi.json',
    {
      schema: {
        operationId: 'getOpenApi',
        tags: ['documentation'],
        summary: 'This description, as OpenAPI 3.1',
        description: 'Asks no key.',
        response: {
          200: Type.Object({ openapi: Type.String({ examples: ['3.1.1'] }) }, { additionalProperties: true }),
        },
      },
    },
    async (_, reply) => {
      reply.type('application/json; charset=utf-8').header('Cache-Control', MINUTES_10);
      return document().json;
    },
  );

  app.get(
    '/api/docs',
    {
      schema: {
        operationId: 'readDocs',
        tags: ['documentation'],
        summary: 'This description, as a page',
        description: 'Asks no key. The page needs no script and loads nothing.',
        answersWith: 'text/html',
        response: { 200: Type.String() },
      },
    },
    async (_, reply) => {
      const { html, policy } = document().page;
      reply
        .type('text/html; charset=utf-8')
        .headers({ 'Cache-Control': MINUTES_10, 'Content-Security-Policy': policy, 'Referrer-Policy': 'no-referrer' });
      return html;
    },
  );
}
