#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { generatedFiles, ROOT } from './terraform/generated.ts';

/** Writes what Terraform reads of the code, the table of permissions and the indexes of the declared queries, and the page about the first. */
for (const [name, text] of Object.entries(generatedFiles())) writeFileSync(new URL(name, ROOT), text);
