#!/usr/bin/env node
import { readFileSync, writeFileSync } from 'node:fs';
import { permissionsPage } from './permissions/permissions-page.ts';

/** Writes the tables of `docs/permissions.md` from the permissions and from what every route asks for. */
const page = new URL('../docs/permissions.md', import.meta.url);
writeFileSync(page, permissionsPage(readFileSync(page, 'utf8')));
