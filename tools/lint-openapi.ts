/**
 * `node tools/lint-openapi.ts`: holds the OpenAPI document against the rules of redocly and of spectral, as `redocly lint` and
 * `spectral lint` do. Fails on errors and warnings alike. Neither tool asks the network anything.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import spectralCore, { type RulesetDefinition } from '@stoplight/spectral-core';
import spectralRulesets from '@stoplight/spectral-rulesets';
import { openWorld } from '../services/orchestrator/test/world.ts';
import { runNode } from './check/run-command.ts';

/** `followLogs` only ever sends its caller elsewhere: an operation may have no answer with 2xx. */
const REDOCLY = [
  'node_modules/@redocly/cli/bin/cli.js',
  'lint',
  '--extends=recommended-strict',
  '--skip-rule=operation-2xx-response',
];
/** It would count its use and look for newer versions. */
const QUIET = { REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
const LIMIT_MS = 120_000;

async function redoclyFindings(text: string): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'runvoy-openapi-'));
  try {
    const file = join(folder, 'openapi.json');
    writeFileSync(file, text);
    const { ok, output } = await runNode([...REDOCLY, file], { limitMs: LIMIT_MS, env: QUIET });
    return ok ? [] : [`redocly: ${output.trim()}`];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function spectralFindings(document: Record<string, unknown>): Promise<string[]> {
  const spectral = new spectralCore.Spectral();
  spectral.setRuleset({
    // Its own types want a ruleset to extend another.
    extends: [spectralRulesets.oas as RulesetDefinition],
    // Whom to ask is whoever runs the deployment, and no program knows them.
    rules: { 'info-contact': 'off' },
  });
  const found = await spectral.run(document);
  return found.map(({ code, path, message }) => `spectral: ${code} at ${path.join('.')}: ${message}`);
}

await using world = await openWorld();
const text = (await world.app.inject({ url: '/api/v1/openapi.json' })).body;
const findings = [
  ...(await redoclyFindings(text)),
  ...(await spectralFindings(JSON.parse(text) as Record<string, unknown>)),
];
for (const finding of findings) console.error(finding);
if (findings.length > 0) process.exitCode = 1;
