import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TERRAFORM } from '../terraform/configuration.ts';
import type { InfraLine } from './infra-line.ts';
import { InfraProblem } from './infra-problem.ts';

/** What one deployment was told, kept so that a second `apply` need not be told again. No secret is in it. */
export interface DeploymentSettings {
  readonly project: string;
  readonly region: string;
  readonly admin: string;
  /** Tag of runvoy's own images. */
  readonly version: string;
  /** Where published images are; absent: they are built. */
  readonly images?: string;
  readonly stateBucket: string;
  /** Further variables of `infra/terraform`. */
  readonly variables: Readonly<Record<string, unknown>>;
}

/** Variables that have an option of their own, or follow from one. */
const NAMED = ['project_id', 'region', 'admin_email', 'images'];
export const SERVICES = ['orchestrator', 'processor', 'intake', 'websocket'] as const;
export const IMAGES = ['orchestrator', 'processor', 'websocket', 'sidecar'] as const;

/**
 * What a deployment is told now: the line, else what was told before, else what needs no telling. Throws a usage problem when nobody has
 * said the region, or for a variable that there is not.
 */
export function settingsOf(
  line: InfraLine,
  before: DeploymentSettings | undefined,
  otherwise: { readonly admin?: string | undefined; readonly version: string },
): DeploymentSettings {
  const region = line.region ?? before?.region;
  if (region === undefined) throw usage('Which region? --region europe-west1, say.');
  const admin = line.admin ?? before?.admin ?? otherwise.admin;
  if (admin === undefined) throw usage('Who is let in first? --admin EMAIL');
  const images = line.images ?? before?.images;
  return {
    project: line.project,
    region,
    admin,
    version: line.version ?? before?.version ?? otherwise.version,
    ...(images === undefined ? {} : { images }),
    stateBucket: line.stateBucket ?? before?.stateBucket ?? `${line.project.replace(/^.*:/, '')}-terraform`,
    variables: { ...before?.variables, ...variablesIn(line.settingsFile), ...variablesOf(line, before) },
  };
}

/** Each variable of the root with its value, as Terraform is told it. */
export function rootValues(settings: DeploymentSettings): Readonly<Record<string, unknown>> {
  return {
    ...settings.variables,
    project_id: settings.project,
    region: settings.region,
    admin_email: settings.admin,
    images: Object.fromEntries(IMAGES.map((name) => [name, `${repositoryOf(settings)}/${name}:${settings.version}`])),
  };
}

/** Where the images of a deployment are. */
export function repositoryOf({ images, region, project }: DeploymentSettings): string {
  return images ?? `${region}-docker.pkg.dev/${project.replace(':', '/')}/runvoy`;
}

function variablesOf(line: InfraLine, before: DeploymentSettings | undefined): Record<string, unknown> {
  const { maxInstances, publicAccess, deletionProtection } = line;
  const scaling = {
    ...(before?.variables['scaling'] as object),
    ...(variablesIn(line.settingsFile)['scaling'] as object),
  };
  const limited = SERVICES.map((name) => [name, { ...(scaling as Record<string, object>)[name], max: maxInstances }]);
  return {
    ...(maxInstances === undefined ? {} : { scaling: { ...scaling, ...Object.fromEntries(limited) } }),
    ...(publicAccess === undefined ? {} : { public_access: publicAccess }),
    ...(deletionProtection === undefined ? {} : { deletion_protection: deletionProtection }),
  };
}

function variablesIn(file: string | undefined): Readonly<Record<string, unknown>> {
  if (file === undefined) return {};
  const values = objectIn(file);
  const there = rootVariables();
  for (const name of Object.keys(values)) {
    if (NAMED.includes(name)) throw usage(`${file}: ${name} has an option of its own (runvoy help infra).`);
    if (!there.includes(name)) throw usage(`${file}: there is no variable ${name}; docs/coverage.md lists them.`);
  }
  return values;
}

function objectIn(file: string): Readonly<Record<string, unknown>> {
  try {
    const values: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof values === 'object' && values !== null && !Array.isArray(values))
      return values as Record<string, unknown>;
  } catch (cause) {
    throw new InfraProblem(`${file} cannot be read: ${(cause as Error).message}`, { cause, kind: 'usage' });
  }
  throw usage(`${file} must hold one JSON object: {"keep_alive": true}`);
}

/** The names of the root's variables. */
function rootVariables(): readonly string[] {
  const text = readFileSync(join(TERRAFORM, 'variables.tf'), 'utf8');
  return [...text.matchAll(/^variable "(\w+)"/gm)].map(([, name]) => name!);
}

const usage = (message: string): InfraProblem => new InfraProblem(message, { kind: 'usage' });
