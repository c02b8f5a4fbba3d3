import ajvCompiler from '@fastify/ajv-compiler';
import type { FastifyServerOptions } from 'fastify';
import { isOwnForm } from './own-form.ts';

/** What checks a body, with what was wrong of the last one where the framework looks for it. */
interface BodyCheck {
  (body: unknown): unknown;
  errors?: unknown;
}

type Compile = (route: unknown) => BodyCheck;

/**
 * One for all applications of this process: it keeps what it has compiled by the schema itself, and its own schema of schemas, which
 * takes longer than any of ours.
 */
const newCompiler = ajvCompiler() as unknown as (...about: unknown[]) => Compile;

/**
 * Compiles the schema of a route's body when the first body comes. The framework would compile every schema before it listens, and an
 * instance that is started for one request would do that for all the routes which nobody asks.
 */
export function lazySchemas(): NonNullable<FastifyServerOptions['schemaController']> {
  const buildValidator = (...about: unknown[]) => {
    let compile: Compile | undefined;
    return (route: unknown) => {
      let check: BodyCheck | undefined;
      const checkLater: BodyCheck = (body) => {
        if (isOwnForm(body)) return true;
        compile ??= newCompiler(...about);
        check ??= compile(route);
        const isGood = check(body);
        checkLater.errors = check.errors;
        return isGood;
      };
      return checkLater as never;
    };
  };
  // No answer has a schema that would need one: a serializer drops what its schema does not know.
  const buildSerializer = () => () => (answer: unknown) => JSON.stringify(answer);
  return { compilersFactory: { buildValidator, buildSerializer } };
}
