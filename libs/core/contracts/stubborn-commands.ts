/** A command that does not end by itself, and how it takes being asked to. Each prints `begun` once all of it is there. */
export interface StubbornCommand {
  readonly name: string;
  readonly command: string;
  /** It is still there when its grace is over. */
  readonly isKilled: boolean;
}

const FOR_EVER = 'while :; do sleep 0.1; done';
/** Waits for the file that a child leaves when it has left its session or its parent. */
const whenThere = 'until [ -e there ]; do sleep 0.05; done; echo begun';

/** What a cancel has to end, from the meekest on. */
export const STUBBORN_COMMANDS: readonly StubbornCommand[] = [
  { name: 'a command that obeys', command: `echo begun; ${FOR_EVER}`, isKilled: false },
  {
    name: 'a command that tidies up first',
    command: `trap 'sleep 0.2; echo tidied; exit 0' TERM; echo begun; ${FOR_EVER}`,
    isKilled: false,
  },
  { name: 'a command that ignores SIGTERM', command: `trap '' TERM; echo begun; ${FOR_EVER}`, isKilled: true },
  {
    name: 'a command whose child left its session',
    command: `setsid sh -c 'touch there; ${FOR_EVER}' & ${whenThere}; wait`,
    isKilled: false,
  },
  {
    name: 'a command whose grandchild has no parent, no session of it and no ear for signals',
    command: `(setsid sh -c "(trap '' TERM HUP INT; touch there; ${FOR_EVER}) &" &); ${whenThere}; ${FOR_EVER}`,
    isKilled: true,
  },
  {
    name: 'a command that left a child behind nohup',
    command: `nohup sh -c "trap '' TERM; touch there; ${FOR_EVER}" > /dev/null 2>&1 & ${whenThere}; wait`,
    isKilled: true,
  },
];
