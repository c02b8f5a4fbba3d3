import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An entry of `packages` in package-lock.json. */
interface Locked {
  readonly link?: true;
  readonly resolved?: string;
  readonly optional?: true;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/**
 * What `npm ci --omit=dev -w <workspace ...>` installs, as paths below `node_modules`: what the lock file says these workspaces need, and
 * nothing of what is needed only to develop them.
 */
export function installedPackages(repository: string, workspaces: readonly string[]): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(repository, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  const links = Object.keys(packages).filter((path) => packages[path]!.link);
  const installed = new Set(links.filter((path) => workspaces.includes(packages[path]!.resolved!)));
  const open = [...workspaces];
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    const about = packages[path];
    if (about === undefined) throw new Error(`package-lock.json has no ${path}.`);
    for (const name of namesNeededBy(about)) {
      const found = resolve(packages, path, name);
      if (found === undefined || installed.has(found)) continue;
      installed.add(found);
      open.push(found);
      // A workspace is installed as a link, and needs what its directory says.
      if (packages[found]!.link) open.push(packages[found]!.resolved!);
    }
  }
  return [...installed].toSorted();
}

function namesNeededBy({ dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta = {} }: Locked) {
  const peers = Object.keys(peerDependencies ?? {}).filter((name) => !peerDependenciesMeta[name]?.optional);
  return [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers];
}

/** Where Node finds a package that is asked for in the directory `from`. */
function resolve(packages: Readonly<Record<string, Locked>>, from: string, name: string): string | undefined {
  for (let folder = from; ; folder = folder.replace(/(^|\/)[^/]+$/, '')) {
    const path = folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`;
    if (packages[path] !== undefined) return path;
    if (folder === '') return undefined;
  }
}
