import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { OpenApiDocument, OpenApiOperation, OpenApiResponse } from '../src/openapi/openapi-types.ts';
import { closed } from './closed-schemas.ts';
import { findOperation, type FoundOperation } from './find-operation.ts';

/** What a client got. Header names in lower case. */
export interface Answer {
  readonly method: string;
  /** With its query, as it was asked. */
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Holds answers against the document they should follow. */
export interface DocumentedAnswers {
  /** What of this answer is not in the document, naming the operation; empty when it is as documented. */
  problemsOf(answer: Answer): readonly string[];
}

/** What carries an answer and says nothing of the thing. */
const CARRYING =
  /^(content-(type|length|encoding|disposition|security-policy)|cache-control|connection|keep-alive|date|transfer-encoding|vary|allow|access-control-.*|x-content-type-options|x-frame-options|referrer-policy|permissions-policy|strict-transport-security|cross-origin-.*)$/;

/** What is refused before any operation has a request. */
const BEFORE_ANY: ReadonlySet<number> = new Set([405, 408, 414, 431]);

/** Schemas are taken as closed: a field that the document does not name is a problem. */
export function documentedAnswers(document: OpenApiDocument): DocumentedAnswers {
  const ajv = new Ajv2020({ strict: false });
  // CommonJS under another name: what is called is the function itself.
  (addFormats as unknown as (to: Ajv2020) => void)(ajv);
  ajv.addSchema({ ...(closed(document) as object), $id: 'document' });
  const validators = new Map<string, ValidateFunction>();
  const validatorAt = (...path: readonly string[]) => {
    const pointer = path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/');
    const known = validators.get(pointer) ?? ajv.compile({ $ref: `document#/${pointer}` });
    validators.set(pointer, known);
    return known;
  };

  const refused = (answer: Answer): string[] => {
    if (answer.status < 400) return [`answered ${answer.status}, and no operation is there`];
    if (answer.method === 'HEAD') return [];
    return bodyProblems(answer, validatorAt('components', 'schemas', 'Error'));
  };
  const answered = (answer: Answer, method: string, { template, operation }: FoundOperation): string[] => {
    const found = operation.responses[answer.status];
    if (!found && BEFORE_ANY.has(answer.status)) return refused(answer);
    if (!found) return [`answered ${answer.status}, which is not documented: ${answer.body.slice(0, 300)}`];
    const [place, response] = placeOf(document, found, [
      'paths',
      template,
      method.toLowerCase(),
      'responses',
      String(answer.status),
    ]);
    const [type] = Object.keys(response.content ?? {});
    const body = () => {
      if (answer.method === 'HEAD') return [];
      if (type === undefined) return answer.body === '' ? [] : [`answered ${answer.status} with a body`];
      const said = String(answer.headers['content-type']);
      if (said.split(';')[0] !== type) return [`answered ${said} in place of ${type}`];
      return type === 'application/json' ? bodyProblems(answer, validatorAt(...place, 'content', type, 'schema')) : [];
    };
    return [...headerProblems(document, answer, response), ...body()];
  };

  return {
    problemsOf(answer) {
      const path = answer.url.split('?', 1)[0] ?? '';
      if (answer.method === 'OPTIONS' || !path.startsWith('/api/')) return [];
      const method = answer.method === 'HEAD' ? 'GET' : answer.method;
      const found = findOperation(document, method, path);
      const problems = found ? answered(answer, method, found) : refused(answer);
      const name = found ? `${method} ${found.template}` : `${answer.method} ${path}`;
      return problems.map((problem) => `${name} ${problem}`);
    },
  };
}

/** Where a response stands, and what it is: shared ones are components. */
function placeOf(
  document: OpenApiDocument,
  found: OpenApiOperation['responses'][string],
  place: readonly string[],
): readonly [readonly string[], OpenApiResponse] {
  if (!('$ref' in found)) return [place, found];
  const name = found.$ref.split('/').at(-1) ?? '';
  return [['components', 'responses', name], document.components['responses']?.[name] as OpenApiResponse];
}

function headerProblems(document: OpenApiDocument, { status, headers }: Answer, response: OpenApiResponse): string[] {
  const documented = Object.keys(response.headers ?? {});
  const names = new Set(documented.map((name) => name.toLowerCase()));
  const unknown = Object.keys(headers).filter((name) => !CARRYING.test(name) && !names.has(name));
  const missing = documented.filter((name) => {
    const header = document.components['headers']?.[name] as { readonly required?: boolean };
    return header.required === true && headers[name.toLowerCase()] === undefined;
  });
  return [
    ...unknown.map((name) => `answered ${status} with the header ${name}, which is not documented`),
    ...missing.map((name) => `answered ${status} without the header ${name}`),
  ];
}

function bodyProblems({ status, body }: Answer, validate: ValidateFunction): string[] {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return [`answered ${status} with a body that is not JSON: ${body.slice(0, 200)}`];
  }
  if (validate(value)) return [];
  const [error] = validate.errors ?? [];
  const what = JSON.stringify(error?.params ?? {});
  return [`answered ${status}, whose body${error?.instancePath} ${error?.message} (${what}): ${body.slice(0, 300)}`];
}
