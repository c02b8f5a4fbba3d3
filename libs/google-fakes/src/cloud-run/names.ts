import { status } from '@grpc/grpc-js';
import { GrpcRefusal } from '../grpc-server.ts';

const LOCATION = /^projects\/([^/]+)\/locations\/([^/]+)$/;
const JOB = /^projects\/([^/]+)\/locations\/([^/]+)\/jobs\/([^/]+)$/;
const EXECUTION = /^projects\/([^/]+)\/locations\/([^/]+)\/jobs\/([^/]+)\/executions\/([^/]+)$/;

/** Without the letters that form words. */
const SUFFIX_LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

export function locationOf(name: string): { project: string; location: string } {
  const [, project, location] = match(LOCATION, name, 'parent');
  return { project, location };
}

export function jobOf(name: string): { project: string; location: string; job: string } {
  const [, project, location, job] = match(JOB, name, 'name');
  return { project, location, job };
}

export function executionOf(name: string): { project: string; location: string; job: string; execution: string } {
  const [, project, location, job, execution] = match(EXECUTION, name, 'name');
  return { project, location, job, execution };
}

/** The job's name plus a hyphen and five random characters. */
export function executionId(job: string, random: () => number): string {
  const letter = () => SUFFIX_LETTERS[Math.floor(random() * SUFFIX_LETTERS.length)];
  return `${job}-${Array.from({ length: 5 }, letter).join('')}`;
}

/** The last part of a resource name. */
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

function match(pattern: RegExp, name: string | undefined, field: string): [string, string, string, string, string] {
  const found = pattern.exec(name ?? '');
  if (!found) throw new GrpcRefusal(status.INVALID_ARGUMENT, `Invalid resource ${field}: "${name ?? ''}".`);
  return found as unknown as [string, string, string, string, string];
}
