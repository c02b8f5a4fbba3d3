import { STATUS_CODES } from 'node:http';
import { holdersOf, type FailureCode } from '@runvoy/core';
import { ErrorSchema } from '@runvoy/protocol/schemas';
import { ANSWER_HEADERS, headersOf } from './answer-headers.ts';
import { Components } from './components.ts';
import { refusalExample, refusalsOf } from './error-answers.ts';
import type {
  OpenApiContent,
  OpenApiDocument,
  OpenApiOperation,
  OpenApiReference,
  OpenApiResponse,
} from './openapi-types.ts';
import { TAGS, type MountedOperation } from './operation.ts';
import { parametersOf, templateOf } from './parameters.ts';
import { schemaExample } from './schema-example.ts';

const DESCRIPTION = `Runs commands in fresh containers, with complete logs and true states.

Every answer carries \`X-Request-Id\`. What is refused is told in one form, \`Error\`; its \`code\` is stable. A request that no
operation takes is refused in the same form: 404, 405 (with \`Allow\`), 408, 414 and 431. Clients ignore fields they do not know.`;

/** The description of all operations that say what they are. */
export function openApiDocument(operations: readonly MountedOperation[], version: string): OpenApiDocument {
  const components = new Components();
  const refusals = new Refusals(components);
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  for (const mounted of operations.filter(({ operationId }) => operationId !== undefined)) {
    const path = (paths[templateOf(mounted)] ??= {});
    path[mounted.method.toLowerCase()] = describe(mounted, components, refusals);
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'runvoy',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/', description: 'This deployment.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: {
        apiKey: {
          type: 'apiKey',
          in: 'header',
          name: 'X-API-Key',
          description: 'A key of a user: `rvy_<id>_<secret>`. A claim gives the first one.',
        },
        ticket: {
          type: 'apiKey',
          in: 'query',
          name: 'token',
          description: 'A ticket for one log, from `createTicket`.',
        },
      },
      headers: Object.fromEntries(
        Object.entries(ANSWER_HEADERS).map(([name, header]) => [name, { ...header, schema: { type: 'string' } }]),
      ),
      responses: refusals.all(),
      schemas: components.all(),
    },
  };
}

function describe(mounted: MountedOperation, components: Components, refusals: Refusals): OpenApiOperation {
  const { operationId = '', tags = [], summary = '', needsKey, takesTicket } = mounted;
  const parameters = parametersOf(mounted).map(({ schema, ...rest }) => ({
    ...rest,
    schema: components.place(schema),
  }));
  return {
    operationId,
    tags,
    summary,
    description: described(mounted),
    security: [...(needsKey ? [{ apiKey: [] }] : []), ...(takesTicket ? [{ ticket: [] }] : [])],
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(mounted.body === undefined
      ? {}
      : { requestBody: { required: isNeeded(mounted.body), ...content(mounted.body, components) } }),
    responses: { ...goodAnswers(mounted, components), ...refusals.of(mounted) },
  };
}

/** With who may, where a permission decides. */
function described({ description, permission }: MountedOperation): string {
  const who = permission && `Permission \`${permission}\`: ${holdersOf(permission).join(', ')}.`;
  return [description, who].filter((part) => part !== undefined).join('\n\n');
}

/** A body of which everything may be left out may be left out itself. */
function isNeeded(body: unknown): boolean {
  return ((body as { required?: readonly string[] }).required ?? []).length > 0;
}

function content(schema: unknown, components: Components, type = 'application/json'): OpenApiContent {
  const example = schemaExample(schema as object);
  return { content: { [type]: { schema: components.place(schema), ...(example === undefined ? {} : { example }) } } };
}

function goodAnswers(mounted: MountedOperation, components: Components): Record<string, OpenApiResponse> {
  const answers = Object.entries(mounted.response ?? {}).map(([status, schema]) => {
    const { type, description } = schema as { type?: string; description?: string };
    const answer = {
      description: description ?? STATUS_CODES[Number(status)] ?? '',
      headers: headerReferences(mounted, Number(status)),
      ...(type === 'null' ? {} : content(schema, components, mounted.answersWith)),
    };
    return [status, answer] as const;
  });
  return Object.fromEntries(answers);
}

function headerReferences(mounted: MountedOperation, status: number): Record<string, OpenApiReference> {
  const names = headersOf(mounted, status);
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

/** Refusals by the codes they may have: most operations share theirs. */
class Refusals {
  readonly #components: Components;
  readonly #responses = new Map<string, OpenApiResponse>();

  constructor(components: Components) {
    this.#components = components;
  }

  of(mounted: MountedOperation): Record<string, OpenApiReference> {
    const references = [...refusalsOf(mounted)].map(([status, codes]) => {
      const name = `${codes.join('.')}${mounted.needsKey ? '' : '.public'}`;
      if (!this.#responses.has(name)) this.#responses.set(name, this.#response(mounted, status, codes));
      return [status, { $ref: `#/components/responses/${name}` }] as const;
    });
    return Object.fromEntries(references);
  }

  all(): Record<string, OpenApiResponse> {
    return Object.fromEntries([...this.#responses].toSorted(([a], [b]) => (a < b ? -1 : 1)));
  }

  #response(mounted: MountedOperation, status: number, codes: readonly FailureCode[]): OpenApiResponse {
    const schema = {
      allOf: [this.#components.place(ErrorSchema), { type: 'object', properties: { code: { enum: codes } } }],
    };
    const examples = Object.fromEntries(codes.map((code) => [code, { value: refusalExample(code) }]));
    return {
      description: `${STATUS_CODES[status] ?? ''}: ${codes.map((code) => `\`${code}\``).join(', ')}`,
      headers: headerReferences(mounted, status),
      content: { 'application/json': { schema, examples } },
    };
  }
}
