import type { WaitingFor } from '@runvoy/protocol';

/** What a run waits for, to somebody who has never seen the code. */
export interface WaitingText {
  /** A clause for a list row or a status line: no more than `SUMMARY_CHARS`, no full stop. */
  readonly summary: string;
  /** What is going on and how it goes on, in whole sentences. */
  readonly happening: string;
  /** What its owner can do meanwhile. */
  readonly to_do: string;
}

/** One row for each `waiting_for`; `docs/reasons.md` is made from it. A word that is missing here does not compile. */
export const WAITING_TEXTS: Readonly<Record<WaitingFor, WaitingText>> = {
  slot: {
    summary: 'waiting for a free slot',
    happening:
      'As many runs as allowed are going on. This one is in the queue and starts by itself as soon as its turn comes: users take turns, and each user’s runs start in the order they were asked for.',
    to_do: 'Wait, or stop a run that is no longer needed: runvoy list --status running.',
  },
  platform: {
    summary: 'waiting for the platform to confirm its start',
    happening:
      'The platform was asked to start the run, and what it answered is not known yet. It may have started it or not: the next look at the platform tells. It is not asked a second time before that, so that the command cannot run twice.',
    to_do: 'Wait: the next look is at most a minute away.',
  },
  runner: {
    summary: 'waiting for its runner to come up',
    happening:
      'The platform has accepted the run and is bringing it up. Its runner, the small program beside the command, then asks for the command and starts it.',
    to_do: 'Wait. A large image takes longer the first time.',
  },
  capacity: {
    summary: 'waiting for room on the platform',
    happening: 'The platform has accepted the run and has no free machine for it at the moment.',
    to_do: 'Wait, or stop runs that are no longer needed. If it happens often, another region may have more room.',
  },
  quota: {
    summary: 'waiting for quota of the platform',
    happening: 'The platform holds the run back because a limit of the project is reached.',
    to_do: 'Wait until other runs have ended, or ask who runs the server to have the quota raised.',
  },
  image_pull: {
    summary: 'waiting for its image to be fetched',
    happening: 'The container image is being fetched and is not complete yet.',
    to_do: 'Wait. If it stays so, check the name of the image and whether the server may read it.',
  },
  network: {
    summary: 'waiting for its network',
    happening: 'The platform is connecting the run to the private network of this server, and has not managed to yet.',
    to_do: 'Wait. If it stays so, who runs the server should check the network connector in its configuration.',
  },
  isolation: {
    summary: 'waiting for its sandbox',
    happening: 'The sandbox that keeps the command apart from the machine is being made.',
    to_do: 'Wait: this takes seconds.',
  },
  git_clone: {
    summary: 'waiting for its repository to be cloned',
    happening: 'The git repository of the run is being cloned. The command starts when it is there.',
    to_do: 'Wait, and see the log for what git says.',
  },
  log_delivery: {
    summary: 'waiting for its output to be taken',
    happening:
      'Its command writes faster than its lines are taken: there are too many, or the server that takes them is busy or cannot store them. The lines wait with its runner, in order; none is lost. When too many wait, the command is slowed until there is room. Its log says when that begins and ends.',
    to_do:
      'Wait, or let the command write less. If it writes little and this lasts, tell who runs the server: runvoy health shows what is wrong with it.',
  },
  log_disk: {
    summary: 'its output waits: the disk of its runner is full',
    happening:
      'The disk of its runner has no room for the lines that wait to be taken. They wait in memory, in order; none is lost, and the command is slowed until there is room. Its log says when that begins and ends.',
    to_do: 'Tell who runs the server: the disk with its data needs room.',
  },
  stop_confirmation: {
    summary: 'waiting until nothing of it lives',
    happening:
      'A stop was asked for, or the time for its start was over. A command that runs gets its grace period to end by itself and is killed after it. The run is shown as ended when the platform has confirmed that nothing of it lives, never before; until then the cancel is sent again at every look.',
    to_do: 'Wait, or leave it less time: runvoy kill --force. If it lasts for minutes, tell who runs the server.',
  },
  platform_end: {
    summary: 'the command has ended; its runner closes down',
    happening:
      'The command has ended and its result is known. The run is shown as ended when the platform has confirmed that nothing of it lives. What is still there half a minute after the end is cancelled.',
    to_do: 'Wait: this takes seconds.',
  },
  last_lines: {
    summary: 'its runner has ended; waiting for its report',
    happening:
      'The platform says that nothing of the run is alive, and the report of its runner, the small program beside the command, has not come. The report may still be on its way, so it is waited for, and the backup copy of the log is searched for it, before anything is concluded.',
    to_do: 'Wait: this takes less than two minutes.',
  },
};

/** The text of a `waiting_for`. A word that this version does not know is named, and nothing is claimed about it. */
export function waitingTextOf(word: string): WaitingText {
  if (Object.hasOwn(WAITING_TEXTS, word)) return WAITING_TEXTS[word as WaitingFor];
  const summary = `waiting for ${word.replaceAll('_', ' ')}`;
  return { summary, happening: `The run is ${summary}, as the platform says.`, to_do: 'Wait, and see the log.' };
}
