#!/usr/bin/env node
import { readFileSync, writeFileSync } from 'node:fs';
import { readConfiguration } from './terraform/configuration.ts';
import { SCHEMA_FILE, takeSchema, type WholeSchema } from './terraform/take-schema.ts';

/**
 * Keeps, of a whole provider's schema on standard input, what `infra/terraform` uses:
 * `terraform providers schema -json | node tools/take-provider-schema.ts 8.0.0`.
 */
const given = JSON.parse(readFileSync(0, 'utf8')) as WholeSchema;
writeFileSync(SCHEMA_FILE, `${JSON.stringify(takeSchema(given, await readConfiguration(), process.argv[2]))}\n`);
