import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize, relative, sep } from 'node:path';

/** What the sources of one package may import. */
export type Layer = {
  /** Packages of this repository; with a path behind the name only that one export of it. */
  runvoy: readonly string[];
  /** What its `main.ts` files may import besides: only they know which provider they run on. */
  mainAlso?: readonly string[];
  /** What its tests may import besides. They may always use Node's built-in modules and the root's devDependencies. */
  testsAlso?: readonly string[];
  /** Node's built-in modules. `crypto` and `zlib` decide nothing about where the code runs. */
  builtins: 'any' | readonly string[];
  /** Packages from npm that are refused even when package.json declares them; `*` matches the rest of a name. */
  never?: readonly string[];
};

const CLOUD = '@google-cloud/*';
const PROVIDERS = ['@runvoy/provider-local', '@runvoy/provider-gcp'];
const FAKES = ['@runvoy/google-fakes'];
// Of runtime, which knows no provider, only what reads a table of variables: a provider's variables are its own, and are read
// where it is opened. The export holds no HTTP, so a provider still loads none.
const PROVIDER = ['@runvoy/core', '@runvoy/protocol', '@runvoy/runtime/read-config', '@runvoy/runtime/logger'];
const SERVICE = ['@runvoy/runtime', '@runvoy/core', '@runvoy/protocol'];
const APPS = ['@runvoy/orchestrator', '@runvoy/processor', '@runvoy/websocket'];

/**
 * The one-way arrows of the architecture: cli, console -> sdk -> protocol; jobs -> protocol; providers -> core -> protocol;
 * services -> runtime, core, protocol. A package that is not here may not exist.
 */
export const LAYERS: Readonly<Record<string, Layer>> = {
  // Browser-safe: nothing of Node's.
  'libs/protocol': { runvoy: [], builtins: [], never: [CLOUD] },
  // Its simulation lives over the local provider's records, and its readers are served by the live view's own code.
  'libs/core': {
    runvoy: ['@runvoy/protocol'],
    testsAlso: ['@runvoy/provider-local', '@runvoy/websocket/viewing'],
    builtins: ['crypto', 'zlib'],
    never: [CLOUD, 'fastify', '@fastify/*'],
  },
  'libs/runtime': { runvoy: ['@runvoy/core', '@runvoy/protocol'], builtins: 'any', never: [CLOUD] },
  'libs/provider-local': { runvoy: PROVIDER, builtins: 'any', never: [CLOUD, 'fastify'] },
  // Its tests ask both providers the same.
  'libs/provider-gcp': {
    runvoy: PROVIDER,
    testsAlso: [...FAKES, '@runvoy/provider-local'],
    builtins: 'any',
    never: ['fastify'],
  },
  // Stands for Google, so it knows nothing of ours: Google's protos and clients are all it speaks.
  'libs/google-fakes': { runvoy: [], builtins: 'any', never: ['fastify', '@google-cloud/firestore*'] },
  'services/orchestrator': app(),
  'services/processor': app(),
  'services/websocket': app(),
  'services/standalone': { ...app(), runvoy: [...SERVICE, ...APPS] },
  // Its tests verify with core's own reader what the runner has signed.
  'jobs/sandbox-runner': {
    runvoy: ['@runvoy/protocol'],
    testsAlso: ['@runvoy/core', ...FAKES],
    builtins: 'any',
    never: [CLOUD, 'fastify'],
  },
  // Browser-safe, and nothing from npm: `fetch` and `WebSocket` are the platform's or an argument.
  'clients/sdk': { runvoy: ['@runvoy/protocol'], builtins: [] },
  'clients/cli': { runvoy: ['@runvoy/protocol', '@runvoy/sdk'], builtins: 'any', never: [CLOUD, 'fastify'] },
  'clients/console': { runvoy: ['@runvoy/protocol', '@runvoy/sdk'], builtins: [], never: [CLOUD, 'fastify'] },
};

function app(): Layer {
  return { runvoy: SERVICE, mainAlso: PROVIDERS, testsAlso: [...PROVIDERS, ...FAKES], builtins: 'any', never: [CLOUD] };
}

/** Folders of a package whose files are tests or serve only tests and the build. */
const TEST_FOLDERS = ['test', 'contracts', 'simulation'];
const SKIPPED_FOLDERS = ['node_modules', 'dist', 'coverage'];
const SOURCE = /\.(?:ts|tsx|cjs|mjs|js)$/;

// Anchored at the start of a line, so that an import quoted in a comment or a string is not taken for one.
const IMPORTS = [
  /^[ \t]*(?:import|export)\b[^;'"`]*?\bfrom\s*['"]([^'"]+)['"]/gm,
  /^[ \t]*import\s*['"]([^'"]+)['"]/gm,
  /^(?![ \t]*(?:\*|\/\/)).*?\bimport\s*\(\s*['"]([^'"]+)['"]/gm,
  /^(?![ \t]*(?:\*|\/\/)).*?\bgetBuiltinModule\(\s*['"]([^'"]+)['"]/gm,
];

/** Every import below `root` that the table forbids, as `file: reason`. */
export function layerViolations(root: string): string[] {
  const rootTools = Object.keys(manifestOf(root).devDependencies ?? {});
  const violations: string[] = [];
  for (const folder of packageFolders(root)) {
    const layer = LAYERS[folder];
    if (!layer) {
      violations.push(`${folder}: not in the table of tools/layers.ts; say there what it may import`);
      continue;
    }
    const manifest = manifestOf(join(root, folder));
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies });
    for (const file of sourcesBelow(join(root, folder))) {
      const inPackage = relative(join(root, folder), file).split(sep).join('/');
      for (const imported of importsOf(readFileSync(file, 'utf8'))) {
        const reason = refusal(layer, { inPackage, imported, self: manifest.name ?? '', declared, rootTools });
        if (reason) violations.push(`${folder}/${inPackage}: imports ${imported}: ${reason}`);
      }
    }
  }
  return violations;
}

type Import = { inPackage: string; imported: string; self: string; declared: string[]; rootTools: string[] };

function refusal(layer: Layer, { inPackage, imported, self, declared, rootTools }: Import): string | undefined {
  if (imported.startsWith('.')) {
    const target = normalize(join(dirname(inPackage), imported));
    return target.startsWith('..') ? 'a relative import may not leave its package' : undefined;
  }
  // A file beside package.json configures a tool (vite.config.ts): it is no part of what the package does.
  const servesTests = TEST_FOLDERS.includes(inPackage.split('/')[0] ?? '') || !inPackage.includes('/');
  const builtin = imported.startsWith('node:') ? imported.slice('node:'.length) : imported;
  if (imported.startsWith('node:') || builtinModules.includes(builtin)) {
    if (servesTests || layer.builtins === 'any' || layer.builtins.includes(builtin)) return undefined;
    return `of Node's modules it may use ${layer.builtins.join(', ') || 'none'}`;
  }
  const name = imported.split('/', imported.startsWith('@') ? 2 : 1).join('/');
  if (name === self) return undefined;
  if (name.startsWith('@runvoy/')) {
    const isMain = inPackage.split('/').at(-1) === 'main.ts';
    const allowed = [
      ...layer.runvoy,
      ...(isMain ? (layer.mainAlso ?? []) : []),
      ...(servesTests ? (layer.testsAlso ?? []) : []),
    ];
    if (allowed.includes(name) || allowed.includes(imported)) return undefined;
    if (layer.mainAlso?.includes(name)) return 'only main.ts may know the provider';
    return `of this repository it may use ${allowed.join(', ') || 'nothing'}`;
  }
  if (layer.never?.some((pattern) => matches(pattern, name))) return 'refused in this layer';
  if (declared.includes(name) || (servesTests && rootTools.includes(name))) return undefined;
  return `${name} is not among the dependencies in its package.json`;
}

function importsOf(source: string): string[] {
  const found = IMPORTS.flatMap((pattern) => Array.from(source.matchAll(pattern), (match) => match[1] ?? ''));
  return [...new Set(found)];
}

function packageFolders(root: string): string[] {
  const parents = (manifestOf(root).workspaces ?? []).map((pattern) => pattern.replace(/\/\*$/, ''));
  return parents
    .filter((parent) => existsSync(join(root, parent)))
    .flatMap((parent) => readdirSync(join(root, parent)).map((name) => `${parent}/${name}`))
    .filter((folder) => existsSync(join(root, folder, 'package.json')));
}

function sourcesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED_FOLDERS.includes(entry.name) ? [] : sourcesBelow(path);
    return SOURCE.test(entry.name) ? [path] : [];
  });
}

type Manifest = {
  name?: string;
  workspaces?: string[];
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
};

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
}

function matches(pattern: string, name: string): boolean {
  return pattern.endsWith('*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}
