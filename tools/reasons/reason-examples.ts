import type { Reason } from '@runvoy/protocol';
import {
  answered,
  at,
  bound,
  cancelSent,
  ended,
  history,
  IN_THE_QUEUE,
  laneRead,
  ON_ONE_MACHINE,
  rejected,
  reported,
  unprepared,
  waiting,
  type History,
  type Step,
} from './history.ts';

const BEGUN: readonly Step[] = [
  [0.6, answered],
  [4, bound(4)],
];

const refusedStart = (...rejection: Parameters<typeof rejected>) => history([[0.8, rejected(...rejection)]]);
const unpreparedHere = (...failure: Parameters<typeof unprepared>) =>
  history(
    [
      [0.3, bound(0.3)],
      [failure[0] + 0.5, unprepared(...failure)],
      [failure[0] + 1, ended(failure[0] + 0.9, { platform_execution: '' })],
    ],
    ON_ONE_MACHINE,
  );
const unheard = (reason: 'bootstrap_no_answer' | 'bootstrap_refused', seconds: number, details: string) =>
  history(
    [
      [seconds, ended(seconds, { platform_execution: '', reason, details })],
      [seconds + 46, laneRead],
    ],
    ON_ONE_MACHINE,
  );

/** For each reason the life of a run that ends with it. The page is refused when a run ends with another. */
export const REASON_EXAMPLES: Readonly<Record<Reason, () => History>> = {
  timeout: () =>
    history([...BEGUN, [615.5, reported(5, 615, { cause: 'timeout', signal: 'SIGKILL' })], [618, ended(617)]]),
  start_timeout: () =>
    history([
      [0.6, answered],
      [60, waiting('capacity')],
      [600, { kind: 'start_timed_out', at_ms: at(600) }],
      [612, ended(611, { kind: 'cancelled' })],
      [660, laneRead],
    ]),
  queue_timeout: () => history([[3_600, { kind: 'queue_timed_out', at_ms: at(3_600) }]], IN_THE_QUEUE),
  output_limit: () =>
    history([...BEGUN, [92.5, reported(5, 92, { cause: 'output_limit', signal: 'SIGTERM' })], [95, ended(94)]]),
  out_of_memory: () =>
    history([
      ...BEGUN,
      [
        71,
        ended(70, {
          reason: 'out_of_memory',
          details: 'a container was ended by signal 9: Memory limit of 1024 MiB exceeded',
        }),
      ],
      [120, laneRead],
    ]),
  lost: () =>
    history([...BEGUN, [240, cancelSent('silent')], [252, ended(251, { kind: 'cancelled' })], [300, laneRead]]),
  restored: () => history([...BEGUN, [86_400, { kind: 'restored', backup_at_ms: at(600), at_ms: at(86_400) }]]),
  terminated: () =>
    history([
      ...BEGUN,
      [63.5, reported(5, 63, { cause: 'terminated', signal: 'SIGTERM' })],
      [66, ended(65, { kind: 'cancelled' })],
    ]),
  bootstrap_conflict: () =>
    history([
      ...BEGUN,
      [
        9,
        {
          kind: 'bootstrap_conflict',
          details: 'a second runner showed the secret that the first one had used',
          at_ms: at(9),
        },
      ],
      [60, cancelSent('conflict')],
      [72, ended(71, { kind: 'cancelled' })],
    ]),
  never_started: () => history([[40, rejected('never_started', 'nothing was started')]], ON_ONE_MACHINE),
  git_clone: () => history([...BEGUN, [7.5, unprepared(7, 'git_clone')], [10, ended(9)]]),
  image_pull: () =>
    history([
      [0.6, answered],
      [60, waiting('image_pull')],
      [120, ended(95, { kind: 'never_started', reason: 'image_pull', details: "Image 'debian:13-slmi' not found." })],
      [180, laneRead],
    ]),
  image_unusable: () => unpreparedHere(2, 'image_unusable', 'exec /bin/sh: no such file or directory'),
  spawn: () => unpreparedHere(1, 'spawn'),
  workspace: () => unpreparedHere(1, 'workspace'),
  bootstrap_refused: () => unheard('bootstrap_refused', 1, 'its secret is not the one of this start'),
  bootstrap_no_answer: () => unheard('bootstrap_no_answer', 601, 'connect ECONNREFUSED'),
  quota: () => refusedStart('quota', 'Quota exceeded for quota metric "Run executions".'),
  network: () =>
    history([
      [0.6, answered],
      [
        30,
        ended(25, { kind: 'never_started', reason: 'network', details: 'VPC connector runvoy-net does not exist.' }),
      ],
      [120, laneRead],
    ]),
  deleted: () =>
    history([...BEGUN, [40, ended(38, { reason: 'deleted', details: 'Execution was deleted.' })], [120, laneRead]]),
  isolation: () => refusedStart('isolation', 'This server has isolation container and process, not bubblewrap.'),
  image_size: () =>
    refusedStart('image_size', 'Cloud Run has at most 8 vCPU and 32768 MiB; the image asks for 16 vCPU and 1024 MiB.'),
  service_account: () =>
    refusedStart(
      'service_account',
      'Jobs may not run as other@example.iam; RUNVOY_GCP_JOB_SERVICE_ACCOUNTS lists who they may run as.',
    ),
  job_refused: () => refusedStart('job_refused', 'template.containers[0].resources: cpu must be 1, 2, 4, 6 or 8.'),
  job_not_ready: () => refusedStart('job_not_ready', 'The Job rv-q4zjx7m2k5tq3u6vb2aa was not ready within 20 s.'),
  job_missing: () => refusedStart('job_missing', "Resource 'rv-q4zjx7m2k5tq3u6vb2aa' was not found."),
  start_refused: () => refusedStart('start_refused', 'Job has no valid revision.'),
  permission_denied: () => refusedStart('permission_denied', "Permission 'run.jobs.runWithOverrides' denied."),
  no_runner: () =>
    refusedStart('no_runner', 'the orchestrator runs alone on this machine; "npm start" runs everything'),
  ruled_out: () =>
    refusedStart('ruled_out', 'A look found nothing of this start for too long; another start takes its place.'),
};
