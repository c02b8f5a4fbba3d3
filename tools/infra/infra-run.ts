import { join } from 'node:path';
import type { DeploymentSettings } from './deployment-settings.ts';
import type { GoogleRest } from './google-rest.ts';
import { InfraProblem } from './infra-problem.ts';
import type { Interruptions } from './interruptions.ts';
import type { Ended, Programs, RunOptions } from './programs.ts';

/** What one `runvoy infra` works with. Everything that reaches beyond this process is an argument. */
export interface InfraRun {
  readonly settings: DeploymentSettings;
  readonly programs: Programs;
  readonly interruptions: Pick<Interruptions, 'isInterrupted'>;
  readonly google: () => Promise<GoogleRest>;
  /** Where this deployment's configuration of Terraform is kept on this machine. */
  readonly folder: string;
  /** The root of the checkout. */
  readonly checkout: string;
  readonly profile: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly say: (line: string) => void;
  readonly random: (count: number) => Buffer;
  readonly sleep: (ms: number) => Promise<void>;
  /** One real run through the public API, its live view where the API says unless told. Rejects with what was not so. */
  readonly smoke: (apiUrl: string, apiKey: string, websocketUrl?: string) => Promise<void>;
}

/** Runs gcloud in the project and answers its stdout. Throws `InfraProblem` with what it said. */
export async function gcloud(run: InfraRun, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const ended = await gcloudEnded(run, args, options);
  if (ended.status !== 0) throw new InfraProblem(`gcloud ${args.slice(0, 3).join(' ')} failed:\n${lastLines(ended)}`);
  return ended.stdout;
}

/** The same, whatever the end is: for who tells one failure from another. */
export async function gcloudEnded(run: InfraRun, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  throwIfInterrupted(run);
  const ended = await run.programs.run('gcloud', [...args, '--project', run.settings.project, '--quiet'], options);
  throwIfInterrupted(run);
  return ended;
}

/** The lines of a list that gcloud printed with `--format value(...)`. */
export const linesIn = (stdout: string): readonly string[] => stdout.split('\n').filter((line) => line.trim() !== '');

/** A token of whoever is signed in with gcloud, good for an hour at most. */
export async function accessToken(programs: Programs): Promise<string> {
  const { status, stdout, stderr } = await programs.run('gcloud', ['auth', 'print-access-token', '--quiet']);
  if (status === 0 && stdout.trim() !== '') return stdout.trim();
  throw new InfraProblem(`gcloud has no token to ask Google with. Sign in: gcloud auth login\n${stderr.trim()}`);
}

/**
 * Runs Terraform in the deployment's folder, as whoever is signed in with gcloud: one sign-in is enough. Throws `InfraProblem` with what it
 * said, and with what to do where that is known.
 */
export async function terraform(run: InfraRun, args: readonly string[], isShown = false): Promise<string> {
  const ended = await terraformEnded(run, args, isShown);
  if (ended.status !== 0)
    throw new InfraProblem(`terraform ${args[0]} failed:\n${lastLines(ended)}${hintFor(run, ended)}`);
  return ended.stdout;
}

export async function terraformEnded(run: InfraRun, args: readonly string[], isShown = false): Promise<Ended> {
  throwIfInterrupted(run);
  const env = {
    GOOGLE_OAUTH_ACCESS_TOKEN: await accessToken(run.programs),
    TF_DATA_DIR: join(run.folder, '.terraform'),
  };
  const ended = await run.programs.run('terraform', args, { cwd: run.folder, env, isShown });
  throwIfInterrupted(run);
  return ended;
}

function throwIfInterrupted({ interruptions }: InfraRun): void {
  if (!interruptions.isInterrupted) return;
  throw new InfraProblem('It was interrupted. What was made stays as it is; the same command goes on from here.');
}

function lastLines({ stdout, stderr }: Ended): string {
  const said = (stderr.trim() === '' ? stdout : stderr).trimEnd().split('\n');
  return said.slice(-LAST).join('\n');
}

const LAST = 25;

function hintFor({ folder }: InfraRun, { stdout, stderr }: Ended): string {
  const said = stdout + stderr;
  const lock = /ID:\s+(\S+)/.exec(said)?.[1];
  if (said.includes('Error acquiring the state lock') && lock !== undefined) {
    return `\nSomebody else applies, or an earlier apply was killed. When nobody does: terraform -chdir=${folder} force-unlock ${lock}`;
  }
  return '';
}
