import type { FailureCode, Permission } from '@runvoy/core';
import type { FastifyInstance, RouteOptions } from 'fastify';
import type { TSchema } from 'typebox';

/** What operations are about, and in which order a reader meets them. */
export const TAGS = {
  runs: 'Start commands, follow them, stop them, and learn why they are as they are.',
  playbooks: 'What is run again and again, in versions that never change.',
  images: 'What commands run in.',
  secrets: 'Values that runs are given and lists never show.',
  users: 'Who may ask, and how they get their first key.',
  keys: 'What users ask with.',
  audit: 'Who changed what.',
  import: 'What is brought from another deployment.',
  health: 'Whether everything is as it should be.',
  'dead-letters': 'Events that nobody could carry out.',
  documentation: 'This description.',
} as const;

export type Tag = keyof typeof TAGS;

/**
 * What a route says of itself, beside its handler. Fastify checks the body by it; everything else describes, and the tests hold every
 * answer against it. A named thing (`title`) becomes a component of the document.
 */
export interface Operation {
  /** Verb and thing, unique: `listExecutions`. */
  readonly operationId?: string;
  readonly tags?: readonly Tag[];
  /** One short clause. */
  readonly summary?: string;
  readonly description?: string;
  /** What the caller needs; checked by the handler, told to the reader. */
  readonly permission?: Permission;
  readonly params?: unknown;
  readonly querystring?: unknown;
  readonly headers?: unknown;
  readonly body?: unknown;
  /** Good answers by status. A schema of type `null` is an answer without a body. */
  readonly response?: Readonly<Record<number, TSchema>>;
  /** The media type of its good answers where it is not JSON. */
  readonly answersWith?: string;
  /** Headers of its good answers, besides those that every answer has. */
  readonly answerHeaders?: readonly string[];
  /** A ticket in its query does in place of a key. */
  readonly takesTicket?: true;
  /** What it may refuse with, besides what every operation of its kind may: see `error-answers.ts`. */
  readonly errors?: readonly FailureCode[];
}

declare module 'fastify' {
  // What the framework does not know of an operation.
  interface FastifySchema extends Pick<
    Operation,
    | 'operationId'
    | 'tags'
    | 'summary'
    | 'description'
    | 'permission'
    | 'answersWith'
    | 'answerHeaders'
    | 'takesTicket'
    | 'errors'
  > {}
  interface FastifyContextConfig {
    /** It stands behind `requireApiKey`. */
    readonly needsKey?: true;
    /** The query parameters it describes. */
    readonly query?: readonly string[];
  }
}

/** An operation where it is mounted. */
export interface MountedOperation extends Operation {
  readonly method: string;
  /** As the router has it: `/api/v1/executions/:id`. */
  readonly url: string;
  readonly needsKey: boolean;
}

const collected = new WeakMap<FastifyInstance, readonly MountedOperation[]>();

/** What `collectOperations` has collected of this application. */
export function operationsOf(app: FastifyInstance): readonly MountedOperation[] {
  return collected.get(app) ?? [];
}

/**
 * Collects what every route that is registered on `app` after it says of itself. Of its schemas only the one of the body stays with the
 * route: queries are read by functions that say more than a validator would, and a serializer made from a schema would drop what it
 * does not know.
 */
export function collectOperations(app: FastifyInstance): void {
  const operations: MountedOperation[] = [];
  collected.set(app, operations);
  app.addHook('onRoute', (route) => {
    const schema = (route.schema ?? {}) as Operation;
    for (const method of methodsOf(route)) {
      operations.push({
        ...schema,
        method,
        url: route.url,
        // Asked late: hooks of the scope that the route is in have their turn after this one.
        get needsKey() {
          return route.config?.needsKey === true;
        },
      });
    }
    const ticket = schema.takesTicket ? ['token'] : [];
    route.config = { ...route.config, query: [...namesIn(schema.querystring), ...ticket] };
    if (route.schema) route.schema = schema.body === undefined ? {} : { body: schema.body };
  });
}

function namesIn(querystring: unknown): readonly string[] {
  return Object.keys((querystring as { readonly properties?: object } | undefined)?.properties ?? {});
}

/** A HEAD is made by the framework for every GET, and answers as it does. */
function methodsOf({ method }: RouteOptions): readonly string[] {
  return [method].flat().filter((name) => name !== 'HEAD' && name !== 'OPTIONS');
}
