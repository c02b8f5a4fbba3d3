import type { PlantedBug } from '../planted-bug.ts';

/** Mistakes in who is given a slot, and when it is free again. */
export const SLOT_BUGS: readonly PlantedBug[] = [
  {
    name: 'slot-freed-by-report',
    means: 'a run gives its slot back when it has reported, whatever of it still lives',
    edits: [
      {
        file: 'slots/slots-after.ts',
        find: '  const isEnd = isTerminal(after.status) && !isTerminal(before.status);\n',
        replace:
          '  const isEnd = (after.facts.report !== undefined || isTerminal(after.status)) && !isTerminal(before.status);\n',
      },
      {
        file: 'slots/slots-after.ts',
        find: '  const isOver = isTerminal(after.status);\n',
        replace: '  const isOver = isTerminal(after.status) || after.facts.report !== undefined;\n',
      },
    ],
  },
  {
    name: 'slot-kept-after-rejected-start',
    means: 'a run that could not be started keeps its slot for ever',
    edits: [
      {
        file: 'slots/slots-after.ts',
        find: '(isEnd && after.slot === true)',
        replace: '(isEnd && after.slot === true && after.facts.attempts.every((attempt) => !attempt.rejected))',
      },
    ],
  },
  {
    name: 'one-user-served',
    means: 'whoever was given a slot stays first in turn',
    faults: ['event-late'],
    edits: [
      {
        file: 'slots/slots.ts',
        find: '? { ...queue, turn: left.serial } : queue',
        replace: '? { ...queue } : queue',
      },
    ],
  },
  {
    name: 'queue-timeout-forgotten',
    means: 'who admits does not ask how long a run has waited',
    edits: [
      {
        file: 'slots/admit-waiting.ts',
        find: '    if (isOverdue(before, clock)) {\n',
        replace: '    if (isOverdue(before, clock) && at_ms < 0) {\n',
      },
    ],
  },
  {
    name: 'nobody-admits',
    means: 'a slot that comes free is given to nobody who waits',
    edits: [
      {
        file: 'slots/admit-waiting.ts',
        find: '  for (const { user } of inTurn(slots)) {\n',
        replace: '  for (const { user } of inTurn(slots).slice(0, 0)) {\n',
      },
    ],
  },
  {
    name: 'slot-given-twice',
    means: 'who admits does not notice that somebody else has given the slot away',
    flavour: 'cloud',
    edits: [
      {
        file: 'slots/admit-waiting.ts',
        find: 'if (slots.serial !== serial || !before.waiting)',
        replace: 'if (slots.serial < serial || !before.waiting)',
      },
    ],
  },
  {
    name: 'new-run-overtakes',
    means: 'a new run takes a free slot although others wait for it',
    edits: [
      {
        file: 'slots/place-run.ts',
        find: 'if (waiting === 0 && limitReached',
        replace: 'if (waiting >= 0 && limitReached',
      },
    ],
  },
  {
    name: 'tick-without-compare',
    means: 'who admits does not compare the slots and the run with what it has read',
    flavour: 'cloud',
    edits: [
      {
        file: 'slots/admit-waiting.ts',
        find: "if (slots.serial !== serial || !before.waiting) return { kind: 'overtaken' };",
        replace: "if (slots.serial < serial) return { kind: 'overtaken' };",
      },
    ],
  },
];
