import { FAULTS } from '../../libs/core/simulation/faults.ts';
import {
  GCP_LOG_FAULTS,
  LOCAL_LOG_FAULTS,
  type LogEnding,
  type LogFaultCase,
} from '../../test/log-faults/log-fault-cases.ts';

/** What each reader comes to, by what a case may end in. */
const SEEN: Readonly<Record<LogEnding, string>> = {
  whole: 'every line, `complete`',
  named: 'the lines that arrived, the rest named: a gap, or `unproven` with its last line',
};

/** Faults of the simulation that have to do with what readers see, by who fails. */
const SIMULATED: readonly (readonly [string, readonly (keyof typeof FAULTS)[]])[] = [
  ['the fast lane', ['request-lost', 'answer-lost', 'request-twice', 'message-late', 'batch-refused', 'fast-lane-cut']],
  ['the safety lane', ['lane-late', 'lane-cut', 'lane-entry-lost', 'push-twice', 'lane-read-breaks']],
  ['processes', ['runner-killed', 'task-killed', 'dies-before-call', 'dies-after-call', 'dies-any-time', 'view-dies']],
  [
    'networks, disks, clocks',
    ['network-cut', 'store-full', 'spool-full', 'store-refuses', 'store-stalls', 'clock-jumps'],
  ],
  ['what serves readers', ['feed-breaks', 'feed-late', 'feed-twice']],
  ['readers', ['reader-breaks', 'reader-slow', 'frame-late', 'page-lost']],
];

/** `docs/log-faults.md`, from the tables that the tests run. */
export function logFaultsPage(): string {
  return `${[
    '# What becomes of a log when something fails',
    '',
    'Made by `node tools/write-log-faults.ts` from the tables that the tests run; a test compares them.',
    '',
    'A command writes numbered lines, a fault strikes, and four readers follow all the while: typed WebSocket frames, server-sent events, bare',
    'frames, and pages of `GET .../logs?after=`. Each comes back with the number of the last line that it has, and four more begin when all is',
    'over. What each was shown is compared with what the command wrote: **every line once and in order, or a gap that is named**. No reader is told',
    '`complete` unless it has every line.',
    '',
    'Typed frames and events name a gap by a frame of their own, pages in `gaps`, bare frames by a line `### runvoy: lines 3-4 are missing`',
    'under the number of the last of them.',
    '',
    '```sh not-run="it takes minutes and starts many processes"',
    'npm run test:chaos -- --processes local',
    'npm run test:chaos -- --processes gcp',
    'npm run test:chaos -- --histories 10000 --seed 1',
    '```',
    '',
    '`npm test` tries the cases marked with a star, and 1,000 histories of the simulation.',
    '',
    '## On one machine',
    '',
    'A real server, its spawner, supervisors and commands. A full disk is a system call that the kernel refuses.',
    '',
    ...table(LOCAL_LOG_FAULTS),
    '',
    '## In a deployment',
    '',
    "Two instances of each service as processes over Google's emulators and our fakes; whoever dies is replaced. All cases share them, so that",
    "each lives through the others' faults as well.",
    '',
    ...table(GCP_LOG_FAULTS),
    '',
    '## In the simulation',
    '',
    'Any of these, in any combination, at any moment; a seed gives the same history again. A failing seed prints the command that replays it.',
    '',
    '| who fails | how |',
    '| --- | --- |',
    ...SIMULATED.map(([who, kinds]) => `| ${who} | ${kinds.map((kind) => FAULTS[kind].means).join('; ')} |`),
  ].join('\n')}\n`;
}

function table(cases: Readonly<Record<string, LogFaultCase>>): string[] {
  return [
    '| fault | moment | what every reader ends with |',
    '| --- | --- | --- |',
    ...Object.values(cases).map(
      ({ fault, moment, ending, often }) => `| ${fault}${often ? ' \\*' : ''} | ${moment} | ${SEEN[ending]} |`,
    ),
  ];
}
