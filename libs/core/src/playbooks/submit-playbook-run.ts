import type { PlaybookDefinition, RunPlaybookRequest, RunRequest } from '@runvoy/protocol';
import type { Caller } from '../access/authenticate.ts';
import { requirePermission } from '../access/permissions.ts';
import { onceRun } from '../executions/once-run.ts';
import type { SubmitDeps } from '../executions/submission.ts';
import type { Accepted } from '../executions/accepted.ts';
import { acceptRun } from '../executions/submit-run.ts';
import { Failure } from '../failure.ts';
import { keyedBy } from '../idempotency/keyed-call.ts';
import { commandOf } from './new-definition.ts';
import { parameterEnv } from './parameter-env.ts';
import type { Definition } from './playbook.ts';
import { readPlaybook } from './playbooks.ts';

/** Which playbook, with what, and by whom. */
export interface PlaybookSubmission {
  readonly name: string;
  readonly request: RunPlaybookRequest;
  readonly caller: Caller;
  readonly requestId: string;
  readonly idempotencyKey?: string;
  readonly traceparent?: string;
  readonly isTraced?: true;
}

/** What a run may say in place of what its playbook says. */
const REPLACED = ['image', 'git_repo', 'git_ref', 'git_path', 'timeout', 'grace', 'network'] as const;

/**
 * Stores a run of a playbook, with everything that `submitRun` asks: image and secrets are looked at with what the caller may, not its
 * owner. An `Idempotency-Key` finds the run that was stored with it, whatever has become of the playbook since.
 * Fails with `PLAYBOOK_NOT_FOUND`, or naming the parameter that is wrong.
 */
export async function submitPlaybookRun(deps: SubmitDeps, submission: PlaybookSubmission): Promise<Accepted> {
  const { name, request, caller, idempotencyKey: key, ...rest } = submission;
  requirePermission(caller, 'playbook.run');
  const route = `POST /api/v1/playbooks/${name}/run`;
  const call = key === undefined ? undefined : { by: keyedBy(caller), route, key, body: request };
  return onceRun(deps, call, async (keep) => {
    const { version } = await readPlaybook(deps.records, caller, name, request.version);
    const playbook = { name, version: version.version };
    return acceptRun(deps, { request: await requestOf(version.definition, request), caller, playbook, ...rest }, keep);
  });
}

async function requestOf(definition: Definition, given: RunPlaybookRequest): Promise<RunRequest> {
  const { parameters } = definition;
  const doubled = parameters.find(({ variable }) => Object.hasOwn(given.env ?? {}, variable));
  if (doubled) {
    const { name, variable } = doubled;
    throw new Failure('UNPROCESSABLE', `env: ${variable} is set by parameter ${name}; give the parameter.`);
  }
  const env = { ...definition.env, ...(await parameterEnv(parameters, given.parameters ?? {})), ...given.env };
  const labels = { ...definition.labels, ...given.labels };
  const secrets = [...new Set([...(definition.secrets ?? []), ...(given.secrets ?? [])])];
  return {
    command: commandOf(definition),
    ...replaced(definition, given),
    ...(given.isolation === undefined ? {} : { isolation: given.isolation }),
    env,
    labels,
    secrets,
  };
}

/** A repository of the caller's own comes with its own ref and path. */
function replaced(definition: PlaybookDefinition, given: RunPlaybookRequest): Partial<RunRequest> {
  const { git_ref: _, git_path: __, ...elsewhere } = definition;
  const standing: PlaybookDefinition = given.git_repo ? elsewhere : definition;
  const fields = REPLACED.map((field) => [field, given[field] ?? standing[field]] as const);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}
