import { draw } from './choices.ts';

/** Everything that may go wrong, what it means, and how often it is tried when a history has it. */
export const FAULTS = {
  // The store, seen by one instance.
  'store-refuses': { rate: 0.02, means: 'a store call fails and has done nothing' },
  'store-answer-lost': { rate: 0.02, means: 'a store call is done, its answer is an error' },
  'store-slow': { rate: 0.15, means: 'a store call takes up to 3 s' },
  'store-stalls': { rate: 0.01, means: 'a store call takes up to 40 s' },
  // The archive.
  'blob-damaged': { rate: 0.1, means: 'the archive keeps another blob than was put, or a part of it' },
  'blob-breaks': { rate: 0.1, means: 'a blob breaks off while it is read, with an error or without' },
  // Deaths of instances.
  'dies-before-call': { rate: 0.012, means: 'an instance is killed before a port call' },
  'dies-after-call': { rate: 0.012, means: 'an instance is killed after a port call, before it has the answer' },
  'dies-any-time': { rate: 0.5, means: 'an instance is killed at some moment' },
  'stays-away': { rate: 0.4, means: 'a killed instance comes back after a minute, not at once' },
  // The platform.
  'platform-refuses': { rate: 0.05, means: 'a platform call fails and has done nothing' },
  'platform-answer-lost': { rate: 0.05, means: 'a platform call is done, its answer is an error' },
  'platform-away': { rate: 0.12, means: 'the platform answers no call for ten minutes' },
  'platform-slow': { rate: 0.2, means: 'a platform call takes up to 8 s' },
  'lane-read-breaks': { rate: 0.25, means: 'reading the safety lane fails half way' },
  'start-rejected': { rate: 0.15, means: 'the platform rejects a start' },
  'start-lost': { rate: 0.2, means: 'a start is lost on its way and its answer is an error' },
  'start-late': { rate: 0.45, means: 'a runner begins minutes after its start' },
  'started-twice': { rate: 0.3, means: 'the platform makes two executions of one start (cloud)' },
  'start-hangs': { rate: 0.15, means: 'a start is accepted and nothing comes of it until it is cancelled (cloud)' },
  'list-late': { rate: 0.3, means: 'a list shows an execution up to a minute late (cloud)' },
  'never-begins': { rate: 0.15, means: 'the runner cannot begin (image pull, spawn)' },
  'order-survives': { rate: 0.8, means: 'an order outlives the instance that took it (local)' },
  'cancel-late': { rate: 0.4, means: 'a cancel takes up to 90 s to arrive' },
  'hint-lost': { rate: 0.4, means: 'a completion event is lost' },
  'hint-late': { rate: 0.3, means: 'a completion event comes up to two minutes late' },
  'hint-twice': { rate: 0.3, means: 'a completion event comes twice' },
  'lane-late': { rate: 0.5, means: 'an entry of the safety lane can be read late (cloud)' },
  'lane-cut': { rate: 0.3, means: 'the safety lane of a run takes nothing' },
  // Processes of a run.
  'runner-killed': { rate: 0.3, means: 'the runner is killed, the command lives on' },
  'task-killed': { rate: 0.25, means: 'runner and command are killed together' },
  'dies-before-bootstrap': { rate: 0.15, means: 'the runner dies before it asks for the command' },
  'killed-at-report': { rate: 0.15, means: 'runner and command are killed as the report goes out' },
  lingers: { rate: 0.3, means: 'the runner stays after its report' },
  // The network between runner and intake.
  'request-lost': { rate: 0.1, means: 'a message is lost' },
  'answer-lost': { rate: 0.1, means: 'a message arrives, its answer does not' },
  'request-twice': { rate: 0.15, means: 'a message arrives twice' },
  'message-late': { rate: 0.2, means: 'a message takes up to 20 s' },
  'fast-lane-cut': { rate: 0.4, means: 'after the bootstrap, nothing of a runner arrives by the fast lane' },
  'batch-refused': { rate: 0.06, means: 'something on the way answers 400 to a batch: the fast lane drops it' },
  'lane-entry-lost': { rate: 0.06, means: 'one entry of a safety lane is lost' },
  'push-twice': { rate: 0.2, means: 'an entry of the safety lane is pushed twice (cloud)' },
  // Networks and disks.
  'network-cut': { rate: 0.25, means: 'for 30 s nothing passes between two of them' },
  'store-full': { rate: 0.25, means: 'the store takes no writes for up to two minutes' },
  'spool-full': { rate: 0.3, means: 'the disk of the safety lanes takes nothing for up to two minutes' },
  // Clocks.
  'clock-jumps': { rate: 0.5, means: 'the clock of the services jumps an hour, ahead or back, and back again later' },
  // Events and ticks.
  'publish-refused': { rate: 0.2, means: 'an event cannot be published' },
  'publish-answer-lost': { rate: 0.2, means: 'an event is published, the answer is an error' },
  'event-late': { rate: 0.3, means: 'an event comes up to a minute late' },
  'event-twice': { rate: 0.3, means: 'an event is delivered twice' },
  'tick-missed': { rate: 0.3, means: 'a tick does not come' },
  'tick-twice': { rate: 0.3, means: 'two ticks run at once' },
  // People.
  'client-answer-lost': { rate: 0.25, means: 'the answer to a client is lost, it asks again' },
  'client-twice': { rate: 0.3, means: 'a client asks twice at once' },
  // Readers and what serves them.
  'reader-breaks': { rate: 0.2, means: 'a reader loses its connection and resumes' },
  'reader-slow': { rate: 0.25, means: 'a reader takes seconds for each frame, and its server has to hold back' },
  'frame-late': { rate: 0.1, means: 'a frame takes up to 10 s to its reader' },
  'page-lost': { rate: 0.1, means: 'a page of a log is read and never arrives' },
  'view-dies': { rate: 0.4, means: 'an instance of the live view is killed, everybody on it is cut off (cloud)' },
  'feed-breaks': { rate: 0.15, means: 'the watch of a live view fails and has to be opened again' },
  'feed-late': { rate: 0.15, means: 'a live view is told up to 20 s late of what is stored, in any order' },
  'feed-twice': { rate: 0.15, means: 'a live view is told twice of a batch' },
} as const satisfies Record<string, { readonly rate: number; readonly means: string }>;

export type FaultKind = keyof typeof FAULTS;
export const FAULT_KINDS = Object.keys(FAULTS) as FaultKind[];

/** Which faults one history has, and how often: a random half of the kinds, each at a rate of its own. */
export type Swarm = Readonly<Partial<Record<FaultKind, number>>>;

/** Only these, often. Throws at one that there is not. */
export function swarmOf(kinds: readonly string[]): Swarm {
  const unknown = kinds.find((kind) => !Object.hasOwn(FAULTS, kind));
  if (unknown !== undefined) throw new Error(`no fault "${unknown}"; there are: ${FAULT_KINDS.join(', ')}`);
  return Object.fromEntries(kinds.map((kind) => [kind, 0.5]));
}

/** Faults that only together lead where chance seldom does: one history in fifty has them all, often. */
const TOGETHER: readonly FaultKind[] = ['start-late', 'dies-any-time', 'order-survives'];
const OFTEN = 0.9;

/** Draws a swarm. Rare faults of one kind, frequent ones of another: histories that have all of everything look all the same. */
export function drawSwarm(seed: number): Swarm {
  const swarm: Partial<Record<FaultKind, number>> = {};
  for (const kind of FAULT_KINDS) {
    if (draw(seed, `swarm ${kind}`) < 0.5) continue;
    const factors = [0.3, 1, 1, 2];
    const factor = factors[Math.floor(draw(seed, `rate ${kind}`) * factors.length)] ?? 1;
    swarm[kind] = Math.min(OFTEN, FAULTS[kind].rate * factor);
  }
  if (draw(seed, 'swarm together') < 0.02) for (const kind of TOGETHER) swarm[kind] = OFTEN;
  return swarm;
}
