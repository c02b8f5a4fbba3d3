import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { COMMANDS } from '../../clients/cli/src/command-table.ts';
import { PASSED_ON } from '../../clients/cli/src/commands/infra.ts';
import { rootValues, settingsOf } from '../infra/deployment-settings.ts';
import { INFRA_OPTIONS, readInfraLine } from '../infra/infra-line.ts';

const OTHERWISE = { admin: 'you@example.com', version: '0.1.0' };
const LINE = ['apply', '--project', 'my-project', '--region', 'europe-west1'];

let file: string;
beforeAll(() => void (file = join(mkdtempSync(join(tmpdir(), 'runvoy-infra-line-')), 'settings.json')));
afterAll(() => rmSync(join(file, '..'), { recursive: true }));
const written = (text: string) => {
  writeFileSync(file, text);
  return file;
};
const told = (args: readonly string[], before?: ReturnType<typeof settingsOf>) =>
  settingsOf(readInfraLine(args), before, OTHERWISE);

test('what the client passes on is what is read there, and what its help explains', () => {
  expect([...PASSED_ON.texts, ...PASSED_ON.flags].toSorted()).toEqual([...INFRA_OPTIONS].toSorted());
  const common = ['profile', 'json'];
  expect([...Object.keys(COMMANDS['infra']!.options), ...common].toSorted()).toEqual([...INFRA_OPTIONS].toSorted());
});

test.each([
  [['apply'], 'Which project? --project PROJECT_ID'],
  [['make', '--project', 'p'], 'There is no "infra make"; there are: plan, apply, destroy, status, doctor.'],
  [['plan', 'twice', '--project', 'p'], 'Too much: "twice".'],
  [['destroy', '--project', '../../pwned'], '"../../pwned" is no id of a project: small letters, digits and hyphens.'],
  [['plan', '--projekt', 'p'], "Unknown option '--projekt'"],
  [[...LINE, '--max-instances', '0'], '--max-instances must be a whole number from 1; got "0".'],
  [[...LINE, '--state-bucket', 'gs://b/state'], '--state-bucket is the name of a bucket'],
  [[...LINE, '--images', 'https://example.com/runvoy'], '--images is where images are'],
  [[...LINE, '--deletion-protection', 'no'], '--deletion-protection is on or off; got "no".'],
])('%j is refused, with what is wrong with it', (args, problem) => {
  expect(() => readInfraLine(args)).toThrow(problem);
});

test('nobody has to say twice what was said before, and what is said now counts', () => {
  const first = told([
    ...LINE,
    '--max-instances',
    '20',
    '--public-access',
    'no-iam-check',
    '--images',
    'example.com/x/',
  ]);
  expect(first).toMatchObject({ admin: 'you@example.com', version: '0.1.0', stateBucket: 'my-project-terraform' });
  const second = told(
    ['apply', '--project', 'my-project', '--version', '0.2.0', '--deletion-protection', 'off'],
    first,
  );
  expect(rootValues(second)).toEqual({
    project_id: 'my-project',
    region: 'europe-west1',
    admin_email: 'you@example.com',
    images: Object.fromEntries(
      ['orchestrator', 'processor', 'websocket', 'sidecar'].map((name) => [name, `example.com/x/${name}:0.2.0`]),
    ),
    public_access: 'no-iam-check',
    deletion_protection: false,
    scaling: Object.fromEntries(
      ['orchestrator', 'processor', 'intake', 'websocket'].map((name) => [name, { max: 20 }]),
    ),
  });
});

test('a limit of instances leaves the rest of what a service was given', () => {
  const settings = written('{"scaling": {"websocket": {"min": 1, "max": 50}}}');
  const { variables } = told([...LINE, '--settings', settings, '--max-instances', '20']);
  expect(variables['scaling']).toMatchObject({ websocket: { min: 1, max: 20 }, intake: { max: 20 } });
});

test('a region that nobody has said is asked for', () => {
  expect(() => told(['apply', '--project', 'my-project'])).toThrow('Which region?');
});

test.each([
  ['{"keep_alife": true}', 'there is no variable keep_alife; docs/coverage.md lists them.'],
  ['{"region": "us-east1"}', 'region has an option of its own'],
  ['[1]', 'must hold one JSON object'],
  ['{', 'cannot be read'],
])('settings of %j are refused, with what is wrong with them', (text, problem) => {
  expect(() => told([...LINE, '--settings', written(text)])).toThrow(problem);
});

test('settings that are not there are refused by their name', () => {
  expect(() => told([...LINE, '--settings', '/nowhere/settings.json'])).toThrow(
    '/nowhere/settings.json cannot be read',
  );
});
