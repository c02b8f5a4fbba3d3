import { LIMITS } from '@runvoy/protocol';
import type { Caller } from '../access/authenticate.ts';
import { isWithin } from '../access/key-scope.ts';
import { newExecutionId } from '../access/tokens.ts';
import { Failure } from '../failure.ts';
import type { Image } from '../images/image.ts';
import { resolveImage } from '../images/resolve-image.ts';
import { chooseIsolation, chooseNetwork, requireMeans, requireReach } from './choose-isolation.ts';
import type { Execution } from './execution.ts';
import { newGitSource } from './git-source.ts';
import { newLabels } from './labels.ts';
import { isEmpty, type RunInput } from './run-input.ts';
import type { RunPolicy } from './run-policy.ts';
import type { Submission, SubmitDeps } from './submission.ts';

/** What was made for the run before its record. */
export interface Made {
  readonly secrets: readonly string[];
  readonly input: RunInput;
  readonly tokenHash: string;
}

/** The record of a run as it is first stored. Fails, naming the field, when the request asks for what it may not have. */
export async function newExecution(deps: SubmitDeps, submission: Submission, made: Made): Promise<Execution> {
  const { request, caller, requestId } = submission;
  const { policy, clock, random } = deps;
  const image = await resolveImage(deps.records, request.image);
  requireImageOfKey(image, request.image, caller);
  const isolation = chooseIsolation(deps, request, caller, image);
  const network = chooseNetwork(request, image);
  requireMeans(deps, isolation, image, network);
  const git = newGitSource(request, { isAdmin: caller.user.role === 'admin', gitRoots: policy.gitRoots });
  requireReach(git, network);
  const now = clock.now();
  const execution_id = newExecutionId(random);
  const platform_execution = deps.jobs.nameOf?.({ execution_id, attempt: 1 });
  return {
    execution_id,
    created_by: caller.user.email,
    owned_by: [caller.user.email],
    command: request.command,
    image_id: image.image_id,
    image: image.image,
    cpu: image.cpu,
    memory_mib: image.memory_mib,
    ...(image.max_running === undefined ? {} : { image_max_running: image.max_running }),
    ...limitOfKey(caller),
    ...(image.task_role_name === undefined ? {} : { service_account: image.task_role_name }),
    isolation,
    ...(network === 'none' ? { network } : {}),
    ...(git === undefined ? {} : { git }),
    timeout_s: chooseTimeout(policy, request.timeout ?? 0),
    grace_ms: chooseGrace(request.grace),
    max_log_bytes: policy.maxLogBytes,
    ...(policy.logLimitPolicy === undefined ? {} : { log_limit_policy: policy.logLimitPolicy }),
    ...(policy.logBackpressure === undefined ? {} : { log_backpressure: policy.logBackpressure }),
    ...newLabels(request.labels),
    ...(submission.playbook === undefined ? {} : { playbook: submission.playbook }),
    ...(made.secrets.length === 0 ? {} : { secrets: made.secrets }),
    ...(isEmpty(made.input) ? { without_input: true } : {}),
    request_id: requestId,
    ...(submission.traceparent === undefined ? {} : { traceparent: submission.traceparent }),
    ...(submission.isTraced ? { traced: true } : {}),
    modified_by_request_id: requestId,
    request_ids: [requestId],
    started_at_ms: now,
    cloud: policy.cloud,
    facts: {
      attempts: [
        {
          attempt: 1,
          token_hash: made.tokenHash,
          made_at_ms: now,
          ...(platform_execution === undefined ? {} : { platform_execution }),
        },
      ],
    },
    status: 'STARTING',
    unfinished: true,
    faults: [],
  };
}

function limitOfKey({ key_id, scope }: Caller): Pick<Execution, 'key_limit'> {
  const { max_running, counted_with = key_id } = scope;
  return max_running === undefined ? {} : { key_limit: { key_id: counted_with, max_running } };
}

function requireImageOfKey(image: Image, asked: string | undefined, { scope }: Caller): void {
  if (isWithin(scope.images, image.image_id, image.image, ...(asked ? [asked] : []))) return;
  throw new Failure('FORBIDDEN', `This key is held to the images ${scope.images?.join(', ')}; got ${image.image_id}.`);
}

function chooseTimeout(policy: RunPolicy, seconds: number): number {
  if (seconds < 0 || !Number.isInteger(seconds)) {
    throw new Failure('UNPROCESSABLE', `timeout must be a whole number of seconds; got ${seconds}.`);
  }
  if (seconds > policy.timeoutMaxS) {
    throw new Failure('UNPROCESSABLE', `timeout is ${seconds} s; the limit is ${policy.timeoutMaxS} s.`);
  }
  return seconds === 0 ? policy.timeoutDefaultS : seconds;
}

function chooseGrace(seconds: number | undefined): number {
  if (seconds === undefined) return LIMITS.graceDefaultMs;
  const limit = LIMITS.graceMaxMs / 1000;
  if (!(seconds >= 0 && seconds <= limit)) {
    throw new Failure('UNPROCESSABLE', `grace must be 0 to ${limit} seconds; got ${seconds}.`);
  }
  return Math.round(seconds * 1000);
}
