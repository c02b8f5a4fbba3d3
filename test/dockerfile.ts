import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, matchesGlob, relative } from 'node:path';
import { linkTree } from './link-tree.ts';

/** One stage of a Dockerfile. */
export interface Stage {
  readonly name: string;
  /** Name of another stage or of an image. */
  readonly base: string;
  readonly steps: readonly Step[];
}

export interface Step {
  readonly instruction: string;
  readonly rest: string;
}

/** What there is when a stage is laid out: a directory that stands for its root. */
export interface LaidOut {
  readonly root: string;
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly user: string | undefined;
  readonly entrypoint: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The lines `NAME=value` of Dockerfile.args. */
export function parseArgs(text: string): Readonly<Record<string, string>> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

/** Stages by name, with what the arguments are told. Of the language it knows what ours is written in, and throws on the rest. */
export function parseDockerfile(text: string, given: Readonly<Record<string, string>>): ReadonlyMap<string, Stage> {
  const stages = new Map<string, { name: string; base: string; steps: Step[] }>();
  const args: Record<string, string> = {};
  const valueOf = (_: string, name: string) => {
    if (args[name] === undefined) throw new Error(`${name} has no value.`);
    return args[name];
  };
  let last: { steps: Step[] } | undefined;
  for (const line of text.replaceAll(/\\\n\s*/g, '').split('\n')) {
    if (line === '' || line.startsWith('#')) continue;
    const [, instruction = '', rest = ''] = /^(\w+) (.*)$/.exec(line) ?? [];
    const [, base, name] = /^(\S+) AS (\S+)$/.exec(rest) ?? [];
    if (instruction === 'ARG') {
      const [, arg = '', fallback] = /^(\w+)(?:=(.*))?$/.exec(rest) ?? [];
      const value = given[arg] ?? fallback ?? args[arg];
      if (value !== undefined) args[arg] = value;
    } else if (instruction === 'FROM' && base !== undefined && name !== undefined) {
      const stage = { name, base: base.replace(/^\$\{(\w+)\}$/, valueOf), steps: [] };
      stages.set(name, stage);
      last = stage;
    } else if (last && instruction === 'LABEL') {
      last.steps.push({ instruction, rest: rest.replaceAll(/\$\{(\w+)\}/g, valueOf) });
    } else if (last && instruction !== 'FROM') last.steps.push({ instruction, rest });
    else throw new Error(`This is no line of a Dockerfile of ours: ${line}`);
  }
  return stages;
}

/** How the steps are done that need more than copying. */
export interface Builder {
  /** The repository's root, without what .dockerignore leaves out. */
  readonly context: string;
  /** A directory for the root of this stage: a new one, or for a stage that cannot be laid out here, what stands for it. */
  rootOf(stage: string): { readonly root: string; readonly isGiven: boolean };
  run(command: string, at: LaidOut): void;
  /** From here on steps are done, and the image is started, as this user. */
  become(user: string, at: LaidOut): void;
}

/** Lays out a stage by its steps, and before it what it is made from. */
export function layOut(stages: ReadonlyMap<string, Stage>, name: string, builder: Builder): LaidOut {
  const { root, isGiven } = builder.rootOf(name);
  const at = { root, workdir: '/', env: {}, user: undefined, entrypoint: [], labels: {} };
  return isGiven ? at : follow(stages, name, builder, at);
}

function follow(stages: ReadonlyMap<string, Stage>, name: string, builder: Builder, from: LaidOut): LaidOut {
  const stage = stages.get(name);
  if (!stage) throw new Error(`No stage ${name}.`);
  let at = stages.has(stage.base) ? follow(stages, stage.base, builder, from) : from;
  for (const { instruction, rest } of stage.steps) {
    switch (instruction) {
      case 'WORKDIR':
        mkdirSync(join(at.root, rest), { recursive: true });
        at = { ...at, workdir: rest };
        break;
      case 'ENV':
        at = { ...at, env: { ...at.env, ...Object.fromEntries(rest.split(' ').map((pair) => pair.split('='))) } };
        break;
      case 'USER':
        at = { ...at, user: rest };
        builder.become(rest, at);
        break;
      case 'LABEL':
        at = { ...at, labels: { ...at.labels, ...labelsIn(rest) } };
        break;
      case 'ENTRYPOINT':
        at = { ...at, entrypoint: JSON.parse(rest) as string[] };
        break;
      case 'EXPOSE':
        break;
      case 'RUN':
        builder.run(rest, at);
        break;
      case 'COPY':
        copy(rest, at, (stageName) => (stageName ? layOut(stages, stageName, builder).root : builder.context));
        break;
      default:
        throw new Error(`The test does not know ${instruction}.`);
    }
  }
  return at;
}

function labelsIn(rest: string): Readonly<Record<string, string>> {
  return Object.fromEntries([...rest.matchAll(/([\w.]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

function copy(rest: string, at: LaidOut, rootOf: (stage: string | undefined) => string): void {
  const words = rest.split(' ');
  const stage = words[0]?.startsWith('--from=') ? words.shift()!.slice('--from='.length) : undefined;
  const target = words.pop() ?? '';
  const from = rootOf(stage);
  const isIgnored = stage === undefined ? ignoredBy(from) : () => false;
  const into = target.startsWith('/') ? join(at.root, target) : join(at.root, at.workdir, target);
  for (const word of words) {
    const source = join(from, word);
    // A directory's contents are copied, a file goes into a directory.
    const isFile = statSync(source).isFile();
    const to = isFile && (/(^|\/)\.?$/.test(target) || words.length > 1) ? join(into, basename(source)) : into;
    linkTree(source, to, (path) => !isIgnored(relative(from, path)));
  }
}

/** Whether .dockerignore keeps a path out. The last line that fits a path, or a folder above it, decides. */
function ignoredBy(context: string): (path: string) => boolean {
  const file = join(context, '.dockerignore');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
  const rules = lines.filter((line) => line !== '' && !line.startsWith('#'));
  return (path) => {
    const fits = (pattern: string) => matchesGlob(path, pattern) || matchesGlob(path, `${pattern}/**`);
    const last = rules.findLast((rule) => fits(rule.replace(/^!/, '')));
    return last !== undefined && !last.startsWith('!');
  };
}

/** Every file below a directory, links not followed. */
export function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => relative(root, join(parentPath, name)));
}
