import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { layerViolations } from '../layers.ts';

const repository = join(import.meta.dirname, '../..');
let tree: string;

beforeEach(() => {
  tree = mkdtempSync(join(tmpdir(), 'runvoy-layers-'));
  plant('package.json', {
    workspaces: ['libs/*', 'services/*', 'jobs/*', 'clients/*'],
    devDependencies: { jest: '1' },
  });
});
afterEach(() => rmSync(tree, { recursive: true, force: true }));

function plant(file: string, content: string | object): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), typeof content === 'string' ? content : JSON.stringify(content));
}

function plantPackage(folder: string, dependencies: string[] = []): void {
  const name = `@runvoy/${folder.split('/')[1]}`;
  plant(`${folder}/package.json`, { name, dependencies: Object.fromEntries(dependencies.map((d) => [d, '1'])) });
}

test('this repository keeps its layers', () => {
  expect(layerViolations(repository)).toEqual([]);
});

describe('a planted import is refused:', () => {
  test.each([
    ['a client that uses core', 'clients/cli/src/run.ts', '@runvoy/core'],
    ['protocol that uses a package of ours', 'libs/protocol/src/limits.ts', '@runvoy/core'],
    ['protocol that uses Node', 'libs/protocol/src/mac.ts', 'node:crypto'],
    ['a console that uses Node', 'clients/console/src/page.tsx', 'node:fs'],
    ['core that uses a provider', 'libs/core/src/records/records.ts', '@runvoy/provider-local'],
    ['core that opens files', 'libs/core/src/logs/append.ts', 'node:fs/promises'],
    ['core that opens files by the old name', 'libs/core/src/logs/append.ts', 'fs'],
    ['core that knows HTTP', 'libs/core/src/access/keys.ts', 'fastify'],
    ['a provider that uses a service', 'libs/provider-local/src/records.ts', '@runvoy/orchestrator'],
    ['a provider that uses more of runtime than its reader', 'libs/provider-gcp/src/config.ts', '@runvoy/runtime'],
    ['a job that uses core', 'jobs/sandbox-runner/src/bootstrap.ts', '@runvoy/core'],
    ['a service that uses another', 'services/orchestrator/src/app.ts', '@runvoy/processor'],
    ['a service that knows its provider outside main.ts', 'services/standalone/src/app.ts', '@runvoy/provider-local'],
    ['a cloud client outside provider-gcp', 'services/processor/src/main.ts', '@google-cloud/pubsub'],
    ['a file that reaches into another package', 'services/websocket/src/app.ts', '../../../libs/core/src/index.ts'],
    ['a package that is not declared', 'services/websocket/src/app.ts', 'left-pad'],
  ])('%s', (_case, file, imported) => {
    plantPackage(file.split('/').slice(0, 2).join('/'), ['fastify', '@google-cloud/pubsub']);
    plant(file, `import { thing } from '${imported}';\n`);
    expect(layerViolations(tree)).toEqual([expect.stringContaining(`${file}: imports ${imported}: `)]);
  });

  test.each([
    ['a type', `import type { Thing } from '@runvoy/core';`],
    ['several lines', `import {\n  one,\n  two,\n} from '@runvoy/core';`],
    ['an export', `export * from '@runvoy/core';`],
    ['a subpath', `import { one } from '@runvoy/core/contracts';`],
    ['a side effect', `import '@runvoy/core';`],
    ['an import on first use', `const core = await import('@runvoy/core');`],
  ])('written as %s', (_form, source) => {
    plantPackage('clients/cli');
    plant('clients/cli/src/run.ts', `${source}\n`);
    expect(layerViolations(tree)).toHaveLength(1);
  });

  test('a package that the table does not know', () => {
    plantPackage('libs/misc');
    expect(layerViolations(tree)).toEqual([expect.stringContaining('libs/misc: not in the table')]);
  });
});

test('what the table allows passes', () => {
  plantPackage('services/standalone', ['fastify']);
  plant(
    'services/standalone/src/main.ts',
    `import { open } from '@runvoy/provider-local';\nimport Fastify from 'fastify';\n`,
  );
  plant(
    'services/standalone/src/app.ts',
    `import { app } from '@runvoy/orchestrator';\n// import x from 'left-pad';\n`,
  );
  plant('services/standalone/test/app.test.ts', `import { open } from '@runvoy/provider-local';\nimport 'jest';\n`);
  plantPackage('libs/provider-gcp');
  plant('libs/provider-gcp/src/config.ts', `import { readConfig } from '@runvoy/runtime/read-config';\n`);
  plantPackage('libs/core');
  plant('libs/core/src/access/keys.ts', `import { createHash } from 'node:crypto';\nimport '../time/clock.ts';\n`);
  expect(layerViolations(tree)).toEqual([]);
});

test('a planted cycle is refused, one of types alone too', () => {
  for (const file of ['.oxlintrc.json', 'tsconfig.json']) cpSync(join(repository, file), join(tree, file));
  symlinkSync(join(repository, 'node_modules'), join(tree, 'node_modules'), 'dir');
  plant('libs/core/src/a.ts', `import { b } from './b.ts';\nexport const a = (): number => b();\n`);
  plant('libs/core/src/b.ts', `import { a } from './a.ts';\nexport const b = (): number => a();\n`);
  plant('libs/core/src/c.ts', `import type { D } from './d.ts';\nexport type C = { d: D };\n`);
  plant('libs/core/src/d.ts', `import type { C } from './c.ts';\nexport type D = { c: C };\n`);
  const oxlint = join(repository, 'node_modules/oxlint/bin/oxlint');
  const { stdout, status } = spawnSync(process.execPath, [oxlint, '-f', 'unix'], { cwd: tree, encoding: 'utf8' });
  expect(stdout.match(/libs\/core\/src\/[abcd]\.ts:\d+:\d+: Dependency cycle/g)).toHaveLength(4);
  expect(status).not.toBe(0);
});
