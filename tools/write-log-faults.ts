#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { format } from 'prettier';
import { logFaultsPage } from './log-faults/log-faults-page.ts';

/** Writes `docs/log-faults.md` from the tables of faults that the tests run. */
const page = await format(logFaultsPage(), { parser: 'markdown', singleQuote: true, printWidth: 120 });
writeFileSync(new URL('../docs/log-faults.md', import.meta.url), page);
