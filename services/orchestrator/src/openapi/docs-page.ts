import { createHash } from 'node:crypto';
import { escapeHtml as e } from './escape-html.ts';
import type { OpenApiContent, OpenApiDocument, OpenApiOperation, OpenApiReference } from './openapi-types.ts';

/** A page and what a browser may do with it. */
export interface DocsPage {
  readonly html: string;
  /** A `Content-Security-Policy`: nothing is loaded, nothing runs; only the page's own style counts. */
  readonly policy: string;
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; padding: 1.5rem; max-width: 60rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; text-transform: capitalize; }
code, pre { font: 13px/1.45 ui-monospace, monospace; } pre { background: var(--soft); padding: .6rem; overflow-x: auto; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: 0 .8rem; }
summary { cursor: pointer; padding: .45rem 0; } summary b { display: inline-block; min-width: 4.2rem; font-family: ui-monospace, monospace; }
table { border-collapse: collapse; width: 100%; } td, th { border-bottom: 1px solid var(--line); padding: .25rem .5rem; text-align: left; vertical-align: top; }
`;

/** The document as one page that needs no script and nothing from elsewhere. */
export function docsPage(document: OpenApiDocument): DocsPage {
  const { title, version, description } = document.info;
  const html = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${e(title)} API</title><style>${STYLE}</style></head>
<body>
<h1>${e(title)} API ${e(version)}</h1>
${paragraphs(description)}
<p>For programs: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a>, OpenAPI ${e(document.openapi)}.</p>
${document.tags.map((tag) => section(document, tag.name, tag.description)).join('')}
<h2 id="schemas">Schemas</h2>
${Object.entries(document.components['schemas'] ?? {})
  .map(schema)
  .join('')}
</body>
</html>
`;
  const style = createHash('sha256').update(STYLE).digest('base64');
  const policy = `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return { html, policy };
}

function section(document: OpenApiDocument, tag: string, description: string): string {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { tags }]) => tags.includes(tag))
      .map(([method, operation]) => describe(document, method.toUpperCase(), path, operation)),
  );
  return `<h2>${e(tag)}</h2>\n${paragraphs(description)}${operations.join('')}`;
}

function describe(document: OpenApiDocument, method: string, path: string, operation: OpenApiOperation): string {
  const { operationId, summary, description, security, parameters = [], requestBody } = operation;
  const inputs = parameters.map(({ name, in: where, description: says = '', required }) => [
    code(name),
    `${where}${required ? ', required' : ''}`,
    inline(says),
  ]);
  const answers = Object.entries(operation.responses).map(([status, answer]) => {
    const found = '$ref' in answer ? resolved(document, answer) : answer;
    return [code(status), inline(found.description), status < '400' ? contentOf(found) : ''];
  });
  return `<details id="${e(operationId)}"><summary><b>${method}</b> <code>${e(path)}</code> ${e(summary)}</summary>
${paragraphs(description)}<p>${security.length === 0 ? 'Asks no key.' : 'Needs a key in <code>X-API-Key</code>.'} Operation ${code(operationId)}.</p>
${inputs.length === 0 ? '' : table(['Parameter', 'In', ''], inputs)}
${requestBody ? `<p>Body</p>${contentOf(requestBody)}` : ''}
${table(['Status', 'Meaning', ''], answers)}
</details>
`;
}

function resolved(document: OpenApiDocument, { $ref }: OpenApiReference): OpenApiContent & { description: string } {
  const name = $ref.split('/').at(-1) ?? '';
  return document.components['responses']?.[name] as OpenApiContent & { description: string };
}

/** What it looks like, and which schema says so. */
function contentOf({ content = {} }: OpenApiContent): string {
  return Object.entries(content)
    .map(([type, { schema: says, example }]) => {
      const name = (says as Partial<OpenApiReference>).$ref?.split('/').at(-1);
      const link = name === undefined ? e(type) : `<a href="#schema-${e(name)}">${e(name)}</a>`;
      return `${link}${example === undefined || typeof example === 'string' ? '' : json(example)}`;
    })
    .join('');
}

function schema([name, says]: readonly [string, unknown]): string {
  return `<details id="schema-${e(name)}"><summary>${code(name)}</summary>${json(says)}</details>\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const row = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  return `<table>${row(head, 'th')}${rows.map((cells) => row(cells, 'td')).join('')}</table>`;
}

function json(value: unknown): string {
  return `<pre>${e(JSON.stringify(value, null, 2))}</pre>`;
}

function code(text: string): string {
  return `<code>${e(text)}</code>`;
}

function paragraphs(text: string): string {
  return text === ''
    ? ''
    : text
        .split('\n\n')
        .map((part) => `<p>${inline(part)}</p>\n`)
        .join('');
}

/** Of Markdown our texts use code alone. */
function inline(text: string): string {
  return e(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}
