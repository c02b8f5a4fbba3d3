import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from '@cdktn/hcl2json';

/** What a block holds: attributes by name, and nested blocks as lists. An expression is a text in `${...}`. */
export type Body = Readonly<Record<string, unknown>>;

/** A resource or data source, as it stands in a file. */
export interface ResourceBlock {
  readonly kind: 'resource' | 'data';
  readonly type: string;
  readonly name: string;
  readonly body: Body;
}

/** One folder of configuration. */
export interface ModuleSource {
  /** Its path below `infra/terraform`; `.` for the root. */
  readonly folder: string;
  readonly text: string;
  readonly resources: readonly ResourceBlock[];
  readonly variables: Readonly<Record<string, Body>>;
  readonly outputs: Readonly<Record<string, Body>>;
  readonly calls: Readonly<Record<string, Body>>;
  readonly settings: readonly Body[];
}

/** `infra/terraform`. */
export const TERRAFORM = fileURLToPath(new URL('../../infra/terraform', import.meta.url));

type Labelled = Readonly<Record<string, readonly Body[]>>;
type File = {
  readonly resource?: Readonly<Record<string, Labelled>>;
  readonly data?: Readonly<Record<string, Labelled>>;
  readonly variable?: Labelled;
  readonly output?: Labelled;
  readonly module?: Labelled;
  readonly terraform?: readonly Body[];
};

/** Every module of the configuration: the root, `modules` and `examples`. Fails where a file is not HCL. */
export async function readConfiguration(root = TERRAFORM): Promise<readonly ModuleSource[]> {
  const below = (parent: string) => readdirSync(join(root, parent)).map((name) => join(parent, name));
  const folders = ['.', ...below('modules'), ...below('examples')];
  return Promise.all(folders.map((folder) => readModule(root, folder)));
}

async function readModule(root: string, folder: string): Promise<ModuleSource> {
  const path = join(root, folder);
  const names = readdirSync(path).filter((name) => name.endsWith('.tf'));
  const texts = names.map((name) => readFileSync(join(path, name), 'utf8'));
  const files = await Promise.all(
    names.map(async (name, at) => (await parse(relative(root, join(path, name)), texts[at]!)) as File),
  );
  const merged = (key: 'variable' | 'output' | 'module') =>
    Object.fromEntries(
      files.flatMap((file) => Object.entries(file[key] ?? {}).map(([name, bodies]) => [name, bodies[0]!])),
    );
  return {
    folder,
    text: texts.join('\n'),
    resources: files.flatMap((file) => [...blocksOf('resource', file.resource), ...blocksOf('data', file.data)]),
    variables: merged('variable'),
    outputs: merged('output'),
    calls: merged('module'),
    settings: files.flatMap((file) => file.terraform ?? []),
  };
}

function blocksOf(kind: ResourceBlock['kind'], types: Readonly<Record<string, Labelled>> = {}): ResourceBlock[] {
  return Object.entries(types).flatMap(([type, named]) =>
    Object.entries(named).map(([name, bodies]) => ({ kind, type, name, body: bodies[0]! })),
  );
}
