import { EXPORT_VERSION } from '../libs/protocol/src/index.ts';
import { ExportLineSchema } from '../libs/protocol/src/schemas/index.ts';

/** The schema of one line of an export, as a document of its own. */
export function exportSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `A line of an export, version ${EXPORT_VERSION}`,
    ...ExportLineSchema,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}
