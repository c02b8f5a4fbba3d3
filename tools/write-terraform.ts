#!/usr/bin/env node
import { mkdirSync, writeFileSync } from 'node:fs';
import { GENERATED, generatedFiles } from './terraform/generated.ts';

/** Writes what Terraform reads of the code: the table of permissions, and the indexes of the declared queries. */
mkdirSync(GENERATED, { recursive: true });
for (const [name, text] of Object.entries(generatedFiles())) writeFileSync(new URL(name, GENERATED), text);
