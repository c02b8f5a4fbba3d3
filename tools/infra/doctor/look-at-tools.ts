import { InfraProblem } from '../infra-problem.ts';
import { INSTALL, type Ended, type ProgramName, type Programs } from '../programs.ts';
import { failed, ok, type Finding } from './finding.ts';

/** `required_version` of `infra/terraform`; a test compares. */
export const TERRAFORM_FROM = '1.9';
/** Of November 2024. Every command that is used was looked up in 528; what is older than this was never looked at. */
export const GCLOUD_FROM = '500.0';

/** Whether Terraform and gcloud are here and new enough, and whether gcloud is signed in. */
export async function lookAtTools(programs: Programs): Promise<readonly Finding[]> {
  return [
    await lookAtVersion(programs, 'terraform', ['version', '-json'], 'terraform_version', TERRAFORM_FROM),
    await lookAtVersion(programs, 'gcloud', ['version', '--format', 'json'], 'Google Cloud SDK', GCLOUD_FROM),
    await lookAtSignIn(programs),
  ];
}

async function lookAtVersion(
  programs: Programs,
  program: ProgramName,
  args: readonly string[],
  field: string,
  from: string,
): Promise<Finding> {
  const ended = await ranIfThere(programs, program, args);
  if (ended === undefined) return failed(program, 'is not on this machine', `Install it: ${INSTALL[program]}`);
  const version = fieldIn(ended.stdout, field);
  if (version === undefined)
    return failed(program, 'does not say which version it is', `Install it: ${INSTALL[program]}`);
  return isFrom(version, from)
    ? ok(program, version)
    : failed(program, `is ${version}, and ${from} is needed`, `Install a newer one: ${INSTALL[program]}`);
}

async function lookAtSignIn(programs: Programs): Promise<Finding> {
  const ended = await ranIfThere(programs, 'gcloud', ['auth', 'print-access-token', '--quiet']);
  const isSignedIn = ended?.status === 0 && ended.stdout.trim() !== '';
  return isSignedIn
    ? ok('sign-in', 'gcloud has a token')
    : failed('sign-in', 'gcloud has no token to ask Google with', 'gcloud auth login');
}

async function ranIfThere(
  programs: Programs,
  program: ProgramName,
  args: readonly string[],
): Promise<Ended | undefined> {
  try {
    return await programs.run(program, args);
  } catch (error) {
    if (error instanceof InfraProblem) return undefined;
    throw error;
  }
}

function fieldIn(json: string, field: string): string | undefined {
  try {
    const value = (JSON.parse(json) as Readonly<Record<string, unknown>>)[field];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** By major and minor alone. */
function isFrom(version: string, from: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = from.split('.').map(Number);
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}
