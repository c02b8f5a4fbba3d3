#!/usr/bin/env node
import { writeFileSync } from 'node:fs';
import { reasonsPage } from './reasons/reasons-page.ts';

/** Writes `docs/reasons.md` from the tables of texts, with what `explain` answers to an imagined run of each reason. */
writeFileSync(new URL('../docs/reasons.md', import.meta.url), reasonsPage());
