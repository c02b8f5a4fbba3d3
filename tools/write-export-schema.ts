#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { exportSchema } from './export-schema.ts';

/** Writes `docs/export.schema.json`: what a line of an export may be. */
writeFileSync(new URL('../docs/export.schema.json', import.meta.url), exportSchema());
