import { readFileSync } from 'node:fs';
import type { ProviderSchema } from './provider-schema.ts';
import { SCHEMA_FILE } from './take-schema.ts';

const read = (file: URL) => JSON.parse(readFileSync(file, 'utf8')) as ProviderSchema;

/** The schema kept with the tests: what was taken from the provider, and the few types that were read in its documentation. */
export function keptSchema(): ProviderSchema {
  const taken = read(SCHEMA_FILE);
  const documented = read(new URL('documented-schema.json', SCHEMA_FILE));
  return {
    provider: taken.provider,
    resource_schemas: { ...documented.resource_schemas, ...taken.resource_schemas },
    data_source_schemas: taken.data_source_schemas,
  };
}
