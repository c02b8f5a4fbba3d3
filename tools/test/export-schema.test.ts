import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import Value from 'typebox/value';
import { aws } from '../../clients/cli/test/aws-answers.ts';
import { exportLines } from '../../clients/cli/src/export-lines.ts';
import { ExportLineSchema } from '../../libs/protocol/src/schemas/index.ts';
import { exportSchema } from '../export-schema.ts';

test('docs/export.schema.json is the schema that the server and this test go by', () => {
  const written = readFileSync(new URL('../../docs/export.schema.json', import.meta.url), 'utf8');
  // Not in step: node tools/write-export-schema.ts
  expect(JSON.parse(written)).toEqual(JSON.parse(exportSchema()));
});

test('every line of an export has the form of the schema, and a line of another form has not', async () => {
  const lines: object[] = [];
  for await (const line of exportLines(aws, { history: true, logs: true }, 0, () => undefined)) lines.push(line);
  expect(lines.filter((line) => !Value.Check(ExportLineSchema, line))).toEqual([]);
  const withValue = { type: 'secret', name: 'a', key_name: 'A', granted_to: [], value: 'v' };
  const others = [
    withValue,
    { ...lines[0], version: 2 },
    { type: 'user', email: 'a' },
    { type: 'log', execution_id: 'x', lines: [] },
  ];
  expect(others.filter((line) => Value.Check(ExportLineSchema, line))).toEqual([]);
});
