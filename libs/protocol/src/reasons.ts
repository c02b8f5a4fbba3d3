/**
 * Why a run failed, or could not be started, as one stable word. Empty where the exit code of the command says it all. Core has a
 * text for each of them; what reads a word takes any string, as an older or newer runner may send one that is not here.
 */
export type Reason = RunReason | PreparationReason | StartReason | PlatformReason;

/** What core concludes by itself. */
export type RunReason =
  | 'bootstrap_conflict'
  | 'lost'
  | 'never_started'
  | 'output_limit'
  | 'queue_timeout'
  | 'restored'
  | 'start_timeout'
  | 'terminated'
  | 'timeout';

/** What kept the runner from starting the command. */
export type PreparationReason =
  'bootstrap_no_answer' | 'bootstrap_refused' | 'git_clone' | 'image_pull' | 'image_unusable' | 'spawn' | 'workspace';

/** Why a start was refused before anything ran. */
export type StartReason =
  | 'image_pull'
  | 'image_size'
  | 'isolation'
  | 'job_missing'
  | 'job_not_ready'
  | 'job_refused'
  | 'no_runner'
  | 'permission_denied'
  | 'quota'
  | 'ruled_out'
  | 'service_account'
  | 'start_refused';

/** What the platform says of an end. */
export type PlatformReason = 'deleted' | 'image_pull' | 'network' | 'out_of_memory' | 'quota' | 'timeout';

/** What a runner that has the command does before it starts it. */
export type Preparing = 'git_clone' | 'image_pull' | 'isolation';

/**
 * What the output of a command waits for: `log_delivery`, that the server takes more lines; `log_disk`, that as well, because the disk
 * beside the runner has no room for what waits.
 */
export type OutputWait = 'log_delivery' | 'log_disk';

/** What a run that has not ended waits for, as one stable word. Absent while its command is simply running. */
export type WaitingFor =
  | OutputWait
  | Preparing
  | 'capacity'
  | 'last_lines'
  | 'network'
  | 'platform'
  | 'platform_end'
  | 'quota'
  | 'runner'
  | 'slot'
  | 'stop_confirmation';

/**
 * Whether the exit code of a run that failed for this reason is the command's own, or a code that stands for this very end. Of the others
 * the command never began, or nobody knows how it ended: their code says nothing of it.
 */
export const HAS_OWN_EXIT_CODE: Readonly<Record<Reason, boolean>> = {
  bootstrap_conflict: false,
  bootstrap_no_answer: false,
  bootstrap_refused: false,
  deleted: false,
  git_clone: false,
  image_pull: false,
  image_size: false,
  image_unusable: false,
  isolation: false,
  job_missing: false,
  job_not_ready: false,
  job_refused: false,
  lost: false,
  network: false,
  never_started: false,
  no_runner: false,
  out_of_memory: false,
  output_limit: true,
  permission_denied: false,
  queue_timeout: false,
  quota: false,
  restored: false,
  ruled_out: false,
  service_account: false,
  spawn: false,
  start_refused: false,
  start_timeout: false,
  terminated: true,
  timeout: true,
  workspace: false,
};
