import type { PlaybookVersionRef, RunRequest } from '@runvoy/protocol';
import type { Caller } from '../access/authenticate.ts';
import type { RandomBytes } from '../access/tokens.ts';
import type { JobRunner } from '../jobs/job-runner.ts';
import type { Records } from '../records/records.ts';
import type { SecretVault } from '../secrets/secret-vault.ts';
import type { Clock } from '../time/clock.ts';
import type { RunPolicy } from './run-policy.ts';

/** What a submission is decided with. */
export interface SubmitDeps {
  readonly records: Records;
  readonly vault: SecretVault;
  readonly jobs: JobRunner;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly policy: RunPolicy;
}

/** What is asked, and by whom. */
export interface Submission {
  readonly request: RunRequest;
  readonly caller: Caller;
  readonly requestId: string;
  /** The playbook that `request` was made from. */
  readonly playbook?: PlaybookVersionRef;
  /** The caller's `Idempotency-Key`, when it sent one. */
  readonly idempotencyKey?: string;
  /** The span of the caller's request, when that named a trace or is recorded. */
  readonly traceparent?: string;
  /** The span that it names is recorded: those of the run are to be, too. */
  readonly isTraced?: true;
}
