import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { GCP_VARIABLES } from '@runvoy/provider-gcp';
import { readConfiguration, type Body, type ModuleSource } from '../../terraform/configuration.ts';
import { enumProblems } from '../../terraform/enum-problems.ts';
import { generatedFiles, ROOT } from '../../terraform/generated.ts';
import { keptSchema } from '../../terraform/kept-schema.ts';
import { takeSchema } from '../../terraform/take-schema.ts';
import { roleTable } from '../../terraform/role-table.ts';
import { RUN_LOG_BUCKET } from '../../emulated/deployment.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

let modules: readonly ModuleSource[] = [];
beforeAll(async () => void (modules = await readConfiguration()));
const moduleAt = (folder: string) => modules.find((one) => one.folder === folder)!;

test.each(Object.entries(generatedFiles()))(
  '%s is what the code says; node tools/write-terraform.ts writes it',
  (name, text) => {
    expect(readFileSync(new URL(name, ROOT), 'utf8')).toBe(text);
  },
);

describe('the Terraform files', () => {
  test('are read, all of them', () => {
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.flatMap(({ resources }) => resources).length).toBeGreaterThan(50);
  });

  test('type and describe every variable, and describe every output', () => {
    const bare = modules.flatMap(({ folder, variables, outputs }) => [
      ...named(variables, (body) => !body['type'] || !body['description']).map((name) => `${folder}: variable ${name}`),
      ...named(outputs, (body) => !body['description']).map((name) => `${folder}: output ${name}`),
    ]);
    expect(bare).toEqual([]);
  });

  test('give the root’s variables safe defaults, but for what nobody can guess', () => {
    const required = named(moduleAt('.').variables, (body) => !('default' in body));
    expect(required.toSorted()).toEqual(['admin_email', 'images', 'project_id', 'region']);
    expect(moduleAt('.').variables['deletion_protection']).toMatchObject({ default: true });
  });

  test('need the google provider and no other', () => {
    const wanted = modules.flatMap(({ settings }) =>
      settings.flatMap(({ required_providers = [] }) =>
        (required_providers as Body[]).flatMap((body) => Object.values(body)),
      ),
    );
    const sources = new Set(wanted.map((provider) => (provider as Body)['source']));
    expect([...sources]).toEqual(['hashicorp/google']);
    const types = modules.flatMap(({ resources }) => resources.map(({ type }) => type));
    expect(types.filter((type) => !/^(?:google_|terraform_data$)/.test(type))).toEqual([]);
  });

  test('use every module, each from the root', () => {
    const called = Object.values(moduleAt('.').calls).map(({ source }) => String(source).replace('./', ''));
    const there = modules.flatMap(({ folder }) => (folder.startsWith('modules/') ? [folder] : []));
    expect(called.toSorted()).toEqual(there.toSorted());
  });

  test('are checked against the schema of every type that they use', () => {
    const schema = keptSchema();
    const known = { resource: schema.resource_schemas, data: schema.data_source_schemas };
    const unknown = modules.flatMap(({ resources }) =>
      resources.flatMap(({ kind, type }) => (type.startsWith('terraform_') || type in known[kind] ? [] : [type])),
    );
    expect(unknown).toEqual([]);
  });

  test('make no secret value and no key of an account, whatever is chosen', () => {
    const forbidden = [
      'google_secret_manager_secret_version',
      'google_service_account_key',
      'google_kms_secret_ciphertext',
    ];
    const types = modules.flatMap(({ resources }) => resources.map(({ type }) => type));
    expect(types.filter((type) => forbidden.includes(type))).toEqual([]);
  });
});

test('every variable of the services is set by Terraform, but for those of the platform and of emulators', () => {
  const set = new Set(moduleAt('modules/environment').text.match(/RUNVOY_[A-Z_]+/g));
  const left = Object.values(GCP_VARIABLES).flatMap(([variable]) => (set.has(variable) ? [] : [variable]));
  const elsewhere = left.filter((variable) => !/_ENDPOINT_|_EMULATOR_HOST$|_INSECURE_ENDPOINTS$/.test(variable));
  // Cloud Run sets PORT; the address to listen on is the same everywhere; the signing key comes from its secret.
  expect(elsewhere).toEqual(['PORT', 'RUNVOY_HOST']);
});

test('each message that an alert counts is one that a service says', () => {
  const said = [...moduleAt('modules/monitoring').text.matchAll(/, message = "([^"]+)"/g)].map(
    ([, message]) => message!,
  );
  expect(said.length).toBeGreaterThan(4);
  const sources = globSync(['services/*/src/**/*.ts', 'libs/runtime/src/**/*.ts'], { cwd: root }).map((file) =>
    readFileSync(join(root, file), 'utf8'),
  );
  expect(said.filter((message) => !sources.some((source) => source.includes(`'${message}'`)))).toEqual([]);
});

test('each alert names a page that there is', () => {
  const { text } = moduleAt('modules/monitoring');
  const counted = [...text.matchAll(/^ {4}([a-z-]+) += \{ title/gm)].map(
    ([, key]) => `docs/operations/alerts/${key}.md`,
  );
  const pages = [...text.matchAll(/"(docs\/[\w/-]+\.md)"/g)].map(([, page]) => page!);
  expect(counted.length).toBeGreaterThan(3);
  expect([...pages, ...counted].filter((page) => !existsSync(join(root, page)))).toEqual([]);
});

test('the bucket of the run logs is called what the fakes call it', () => {
  expect(moduleAt('modules/logging').text).toContain(`bucket_id      = "${RUN_LOG_BUCKET}"`);
});

test('a grant on something new is refused until Terraform knows it', () => {
  const grants = { 'runvoy-job': [{ permissions: ['x.y.z'], on: 'projects/{project}/somewhere/else' }] };
  expect(() => roleTable(grants)).toThrow('Add it to tools/terraform');
});

test('a value that Google does not take is found in nested blocks and lists', () => {
  const schema = keptSchema();
  const planned = (after: Body) => [
    { address: 'x', type: 'google_firestore_index', name: 'x', after, after_unknown: {} },
  ];
  expect(enumProblems(planned({ fields: [{ field_path: 'a', order: 'ASCENDING' }] }), schema)).toEqual([]);
  expect(enumProblems(planned({ fields: [{ field_path: 'a', order: 'UPWARDS' }] }), schema)).toEqual([
    'x.fields[0].order: UPWARDS is none of ASCENDING, DESCENDING',
  ]);
});

test('of a provider’s schema what is used is kept, with the values that its descriptions name', () => {
  const attribute = {
    type: 'string',
    optional: true,
    description: 'Its tier. Possible values: ["A", "B"]',
    sensitive: true,
  };
  const whole = {
    provider_schemas: {
      'registry.terraform.io/hashicorp/google': {
        resource_schemas: { used: { block: { attributes: { tier: attribute } } }, unused: { block: {} } },
        data_source_schemas: {},
      },
    },
  };
  const source = { folder: '.', text: '', variables: {}, outputs: {}, calls: {}, settings: [] };
  const resources = [{ kind: 'resource' as const, type: 'used', name: 'x', body: {} }];
  expect(takeSchema(whole, [{ ...source, resources }], '8.0.0')).toEqual({
    provider: 'hashicorp/google 8.0.0',
    resource_schemas: {
      used: {
        block: {
          attributes: { tier: { type: 'string', optional: true, allowed_values: ['A', 'B'] } },
          block_types: {},
        },
      },
    },
    data_source_schemas: {},
  });
});

function named(bodies: Readonly<Record<string, Body>>, isMeant: (body: Body) => boolean): string[] {
  return Object.entries(bodies).flatMap(([name, body]) => (isMeant(body) ? [name] : []));
}
