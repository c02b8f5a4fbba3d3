import type { WaitingFor } from '@runvoy/protocol';
import {
  answered,
  bound,
  ended,
  history,
  IN_THE_QUEUE,
  ON_ONE_MACHINE,
  reported,
  stopped,
  waiting,
  type History,
  type Step,
} from './history.ts';

const BEGUN: readonly Step[] = [
  [0.6, answered],
  [4, bound(4)],
];

const noted = (what: WaitingFor) =>
  history([
    [0.6, answered],
    [60, waiting(what)],
  ]);

/** For each word the life of a run that waits for that. The page is refused when a run waits for another. */
export const WAITING_EXAMPLES: Readonly<Record<WaitingFor, () => History>> = {
  slot: () => history([], IN_THE_QUEUE),
  platform: () => history([]),
  runner: () => history([[0.6, answered]]),
  capacity: () => noted('capacity'),
  quota: () => noted('quota'),
  image_pull: () => noted('image_pull'),
  network: () => noted('network'),
  isolation: () =>
    history(
      [
        [0.3, bound(0.3)],
        [10.3, waiting('isolation')],
      ],
      ON_ONE_MACHINE,
      5,
    ),
  git_clone: () => history([...BEGUN, [14, waiting('git_clone')]], {}, 15),
  log_delivery: () => history([...BEGUN, [44, waiting('log_delivery')]]),
  log_disk: () => history([...BEGUN, [44, waiting('log_disk')]]),
  stop_confirmation: () => history([...BEGUN, [30, stopped(30)]], {}, 3),
  platform_end: () => history([...BEGUN, [42.5, reported(5, 42, { exit_code: 0 })]], {}, 1),
  last_lines: () => history([...BEGUN, [50, ended(48)]], {}, 10),
};
