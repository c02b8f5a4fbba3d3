#!/usr/bin/env node
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Asker } from '../clients/cli/src/ask.ts';
import { configPath } from '../clients/cli/src/config-file.ts';
import { openTerminal } from '../clients/cli/src/terminal.ts';
import { apply } from './infra/apply.ts';
import { settingsOf, type DeploymentSettings } from './infra/deployment-settings.ts';
import { destroy, expectUnprotected } from './infra/destroy.ts';
import { examine, findingLines } from './infra/doctor/examine.ts';
import { googleRest, type GoogleRest } from './infra/google-rest.ts';
import { readInfraLine, type InfraLine } from './infra/infra-line.ts';
import { InfraProblem } from './infra/infra-problem.ts';
import { accessToken, type InfraRun } from './infra/infra-run.ts';
import { interruptionsOf, type Interruptions } from './infra/interruptions.ts';
import { planOffline } from './infra/plan-offline.ts';
import { planJson, planText } from './infra/plan-text.ts';
import { rootValues } from './infra/deployment-settings.ts';
import { programsHere, type Programs } from './infra/programs.ts';
import { settingsBesideState, settingsHere } from './infra/saved-settings.ts';
import { infraStatus, isWell, statusLines } from './infra/status.ts';
import { toldProblem } from './infra/told-problem.ts';
import { smokeTest } from './smoke/smoke-test.ts';

/** `runvoy infra <verb> ...`, which starts this: brings a deployment up in a project of Google Cloud, looks at it, takes it away. */
const CHECKOUT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
const SMOKE_MS = 300_000;
/** What `plan` shows for an address that nobody has said yet. */
const SOMEBODY = 'you@example.com';

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (text: string): void => void process.stdout.write(text);
const printJson = (value: unknown): void => print(`${JSON.stringify(value)}\n`);

async function main(args: readonly string[]): Promise<number> {
  const line = readInfraLine(args);
  const folder = join(dirname(configPath(process.env)), 'infra', line.project.replace(':', '_'));
  const interruptions = interruptionsOf(process);
  if (line.verb === 'plan') {
    const asked = settingsOf(line, settingsHere(folder), { admin: SOMEBODY, version: ownVersion() });
    return plan(asked, line, interruptions.signal);
  }
  const programs = programsHere((text) => process.stderr.write(text), interruptions);
  if (line.verb === 'doctor') {
    return doctor(settingsOf(line, settingsHere(folder), { admin: SOMEBODY, version: ownVersion() }), programs, line);
  }
  const settings = await currentSettings(line, folder, programs);
  const run: InfraRun = {
    settings,
    programs,
    interruptions,
    google: () => signedIn(programs),
    folder,
    checkout: CHECKOUT,
    profile: line.profile,
    env: process.env,
    say,
    random: randomBytes,
    // What comes next looks whether it was interrupted.
    sleep: (ms) => sleep(ms, undefined, { signal: interruptions.signal }).catch(() => undefined),
    smoke,
  };
  if (line.verb === 'status') return status(run, line);
  return line.verb === 'apply' ? applyAsked(run, line, interruptions) : destroyAsked(run, interruptions);
}

async function plan(settings: DeploymentSettings, { json }: InfraLine, signal: AbortSignal): Promise<number> {
  const planned = await planOffline(rootValues(settings), signal);
  if (json) printJson(planJson(planned, settings));
  else print(planText(planned, settings));
  return 0;
}

async function doctor(settings: DeploymentSettings, programs: Programs, { json }: InfraLine): Promise<number> {
  const findings = await examine(settings, programs, () => signedIn(programs));
  if (json) printJson(findings);
  else print(`${findingLines(findings).join('\n')}\n`);
  return findings.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
}

async function status(run: InfraRun, { json }: InfraLine): Promise<number> {
  const found = await infraStatus(run);
  if (json) printJson(found);
  else print(`${statusLines(found).join('\n')}\n`);
  return isWell(found) ? 0 : 1;
}

async function applyAsked(run: InfraRun, { yes }: InfraLine, interruptions: Interruptions): Promise<number> {
  // Before anything is asked or made: values that Terraform refuses would be kept beside the state.
  const planned = await planOffline(rootValues(run.settings), interruptions.signal);
  say('Looking at what is there, and what is missing:');
  const findings = await examine(run.settings, run.programs, run.google);
  for (const text of findingLines(findings)) say(text);
  if (!yes) {
    say(`\n${planText(planned, run.settings)}`);
    await expectTyped(interruptions, `Make this in ${run.settings.project}? Type yes: `, 'yes');
  }
  await apply(run, findings);
  if (run.settings.variables['deletion_protection'] === false) {
    say('Nothing keeps it from being deleted: --deletion-protection on');
  }
  say(`runvoy is up in ${run.settings.project}. Try it: runvoy run 'echo hello'`);
  return 0;
}

async function destroyAsked(run: InfraRun, interruptions: Interruptions): Promise<number> {
  await expectUnprotected(run);
  const { project } = run.settings;
  say(`Everything of runvoy in ${project} is deleted: records, logs, secrets, services. Nothing brings it back.`);
  await expectTyped(interruptions, `Type the project's name to go on: `, project);
  await destroy(run);
  return 0;
}

/** What is kept beside the state, else on this machine; the rest is told now. */
async function currentSettings(line: InfraLine, folder: string, programs: Programs): Promise<DeploymentSettings> {
  const here = settingsHere(folder);
  const { stateBucket } = settingsOf(
    { ...line, settingsFile: undefined, region: line.region ?? here?.region ?? '-' },
    here,
    {
      admin: SOMEBODY,
      version: ownVersion(),
    },
  );
  const before = (await settingsBesideState(programs, line.project, stateBucket)) ?? here;
  return settingsOf(line, before, { admin: await account(programs), version: ownVersion() });
}

/** Who is signed in, as gcloud calls them; undefined when nobody is. */
async function account(programs: Programs): Promise<string | undefined> {
  const { status: code, stdout } = await programs.run('gcloud', ['config', 'get', 'account', '--quiet']);
  return code === 0 && stdout.includes('@') ? stdout.trim() : undefined;
}

async function signedIn(programs: Programs): Promise<GoogleRest> {
  return googleRest(await accessToken(programs), originOf);
}

/** Fakes stand in for Google where RUNVOY_GOOGLE_APIS leads: one origin for all, the API behind it. */
function originOf(api: string): string {
  const fakes = process.env['RUNVOY_GOOGLE_APIS'];
  return fakes === undefined ? `https://${api}` : `${fakes}/${api}`;
}

async function smoke(apiUrl: string, apiKey: string, websocketUrl?: string): Promise<void> {
  const mark = `smoke ${randomBytes(4).toString('hex')}`;
  const onStep = (text: string) => say(`smoke: ${text}`);
  await smokeTest({
    apiUrl: apiUrl.replace(/\/$/, ''),
    apiKey,
    websocketUrl,
    signal: AbortSignal.timeout(SMOKE_MS),
    mark,
    onStep,
  });
}

async function expectTyped(interruptions: Interruptions, question: string, wanted: string): Promise<void> {
  const asker = new Asker(openTerminal(process, process.env, false));
  const interrupted = Promise.withResolvers<undefined>();
  const unheard = interruptions.onSignal(() => interrupted.resolve(undefined));
  try {
    if ((await Promise.race([asker.ask(question), interrupted.promise])) === wanted) return;
  } finally {
    unheard();
    asker.close();
  }
  throw new InfraProblem('Nothing was changed.');
}

function ownVersion(): string {
  return (JSON.parse(readFileSync(join(CHECKOUT, 'package.json'), 'utf8')) as { readonly version: string }).version;
}

main(process.argv.slice(2)).then(
  (code) => process.exit(code),
  (cause: unknown) => {
    const problem = toldProblem(cause);
    const isForPrograms = process.argv.includes('--json');
    process.stderr.write(`${isForPrograms ? JSON.stringify(problem) : `runvoy: ${problem.error.message}`}\n`);
    process.exit(problem.error.code === 'USAGE' ? 2 : 1);
  },
);
