import type { PlaybookDefinition, RunPlaybookRequest, RunRequest } from '@runvoy/protocol';
import type { Caller } from '../access/authenticate.ts';
import { requirePermission } from '../access/permissions.ts';
import { requireKey, storedEarlier } from '../executions/run-key.ts';
import type { SubmitDeps } from '../executions/submission.ts';
import { submitRun, type Accepted } from '../executions/submit-run.ts';
import { Failure } from '../failure.ts';
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
}

/** What a run may say in place of what its playbook says. */
const REPLACED = ['image', 'git_repo', 'git_ref', 'git_path', 'timeout', 'grace', 'network'] as const;

/**
 * Stores a run of a playbook, with everything that `submitRun` asks: image and secrets are looked at with what the caller may, not its
 * owner. An `Idempotency-Key` finds the run that was stored with it, whatever has become of the playbook since.
 * Fails with `PLAYBOOK_NOT_FOUND`, or naming the parameter that is wrong.
 */
export async function submitPlaybookRun(deps: SubmitDeps, submission: PlaybookSubmission): Promise<Accepted> {
  const { name, request, caller, requestId, idempotencyKey } = submission;
  requirePermission(caller, 'playbook.run');
  requireKey(idempotencyKey);
  const asked = { route: `POST /api/v1/playbooks/${name}/run`, body: request };
  const key = idempotencyKey === undefined ? {} : { idempotencyKey };
  const earlier = await storedEarlier(deps.records, { caller, asked, ...key });
  if (earlier) return { execution: earlier };
  const { version } = await readPlaybook(deps.records, caller, name, request.version);
  return submitRun(deps, {
    request: await requestOf(version.definition, request),
    caller,
    requestId,
    playbook: { name, version: version.version },
    asked,
    ...key,
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
