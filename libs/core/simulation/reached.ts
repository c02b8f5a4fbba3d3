/**
 * Rare situations that a long run has to come upon, each with the sentence that says what it is. One that is never reached would mean
 * that the simulation no longer tests what it was written for.
 */
export const SITUATIONS = {
  'bootstrap-answer-lost': 'the run is bound, the runner does not know it',
  'bootstrap-repeated': 'the same nonce asks again and gets the same answer',
  'restart-between-spawn-and-record': 'an instance dies after a start was made and before its answer is stored',
  'end-before-bootstrap': 'an attempt ends that never asked for the command',
  'stop-before-bootstrap': 'a stop is stored before any runner asked',
  'stop-during-start': 'a stop is stored while the outcome of a start is not',
  'told-to-stop': 'a runner asks after the stop and gets no command',
  'bootstrap-after-end': 'a runner asks after the run has ended',
  'report-in-settle-window': 'a report is stored after the platform end was, and decides',
  'report-by-lane-only': 'a report never comes by the fast lane and decides',
  'batch-in-both-lanes': 'a batch is taken from one lane after the other lane brought it',
  'batch-twice': 'the network brings a batch twice',
  'batch-overtakes': 'a later batch is stored before an earlier one',
  'second-runner-refused': 'a second runner of the bound attempt asks',
  'second-attempt': 'a lost order is made again',
  'third-attempt': 'an order is lost twice',
  'ruled-out-comes-late': 'a supervisor begins after its place was taken',
  'start-rejected': 'the platform proves that nothing was started',
  'unknown-start-comes': 'a start whose answer was an error brings a runner',
  'start-deadline': 'a start is given up because nothing came of it',
  'start-timed-out': 'a start that hangs is cancelled when its time is over',
  'never-begins': 'the platform says that a runner could not begin',
  'cancel-fails': 'a cancel is answered by an error',
  'cancel-again': 'a look sends the cancel of a stop again',
  'cancel-too-late': 'a cancel arrives after the command has ended',
  'stop-too-late': 'a run has a stop and ends by its own exit',
  'stop-repeated': 'a stop is asked for again',
  'stop-hastened': 'a run that is stopping is left less time',
  'stop-by-answer': 'a runner learns of the stop from a heartbeat',
  'stop-then-crash': 'an instance dies between storing a stop and sending its cancel',
  'killed-after-grace': 'a command ignores SIGTERM',
  'timed-out': 'a command is ended by its deadline',
  'unwatched-command': 'a runner is dead and its command is found alive',
  'silent-runner': 'a run that nobody hears of is cancelled',
  'task-vanishes': 'runner and command are gone without a report',
  'lingering-runner': 'a runner that stays after its report is cancelled',
  'platform-verdict': 'a platform end stands because no report was found',
  'lane-unreadable': 'a platform end cannot stand because the lane cannot be read',
  'late-end-record': 'an end record is stored after the end',
  'refilled-after-end': 'lines are taken from the safety lane after the end',
  'log-proven': 'a log is proven complete',
  'log-unproven': 'a log ends without an end record',
  'log-with-gaps': 'a log ends with named lines missing',
  'dies-before-write': 'an instance dies before a write',
  'dies-after-write': 'an instance dies after a write, before its answer',
  'dies-in-transaction': 'an instance dies between the reads and the commit of a transaction',
  'write-answer-lost': 'a write is stored and answered by an error',
  'transaction-again': 'a transaction runs again because another came first',
  'submit-repeated': 'a client sends its run again and gets the same one',
  'submit-twice-at-once': 'two requests with one key are under way at once',
  'ticks-overlap': 'two ticks run at once',
  'looks-overlap': 'two looks at one run are under way at once',
  'event-twice': 'an event of the bus is delivered twice',
  'event-again': 'an event comes again because its delivery failed',
  'published-twice': 'an outbox entry is published again',
  'end-then-crash': 'an instance dies after storing an end, before its event is published',
  'end-leaves-nothing': 'an end is stored after which nobody has anything left to do',
  'replaced-too-late': 'a record that was read has changed before what it calls for is stored',
  'no-completion-event': 'an end is seen although no event told of it',
  'reader-resumes': 'a reader loses its stream in the middle and goes on from its cursor',
  'reader-waits-for-hole': 'a reader waits for a line although later ones are stored',
  'reader-names-gap': 'a reader names lines that will not come',
  'nobody-home': 'a runner finds no instance alive',
} as const satisfies Record<string, string>;

export type Situation = keyof typeof SITUATIONS;
export const SITUATION_NAMES = Object.keys(SITUATIONS) as Situation[];

/** How many histories came upon each situation. */
export type ReachedCounts = Record<Situation, number>;

export function noneReached(): ReachedCounts {
  return Object.fromEntries(SITUATION_NAMES.map((name) => [name, 0])) as ReachedCounts;
}
