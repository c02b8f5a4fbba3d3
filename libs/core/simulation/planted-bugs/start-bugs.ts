import type { PlantedBug } from '../planted-bug.ts';

/** Mistakes in how starts are made, waited for and given up. */
export const START_BUGS: readonly PlantedBug[] = [
  {
    name: 'start-given-up-too-early',
    means: 'a start that may still come is given up',
    flavour: 'cloud',
    edits: [
      {
        file: 'executions/judge-absence.ts',
        find: 'if (elapsedSince(deps, attempt.made_at_ms) >= deps.startTimeoutMs) return true;',
        replace: 'if (elapsedSince(deps, attempt.made_at_ms) >= deps.startTimeoutMs / 60) return true;',
      },
    ],
  },
  {
    name: 'start-timeout-without-a-look',
    means: 'a start is given up by the clock alone',
    flavour: 'cloud',
    edits: [
      {
        file: 'executions/look-at-execution.ts',
        find: '    if (attempt.rejected && !isTerminal(before.status)) continue;\n',
        replace:
          "    if (attempt.rejected && !isTerminal(before.status)) continue;\n    if (!attempt.end && isStartLate(deps, before, attempt)) {\n      evidence.push({ kind: 'start_rejected', attempt: attempt.attempt, reason: 'start_timeout', details: '' });\n      continue;\n    }\n",
      },
    ],
  },
  {
    name: 'hanging-start-waited-for',
    means: 'a start that hangs is waited for without end',
    flavour: 'cloud',
    edits: [
      {
        file: 'executions/start-timeout.ts',
        find: '  return elapsedInHearing(deps, attempt.made_at_ms) >= deps.startTimeoutMs;',
        replace: '  return elapsedInHearing(deps, attempt.made_at_ms) < -deps.startTimeoutMs;',
      },
    ],
  },
  {
    name: 'order-not-stored',
    means: 'a look makes the start it called for although something came in between and it was not stored',
    flavour: 'local',
    faults: ['dies-any-time', 'store-slow', 'start-late'],
    edits: [
      {
        file: 'executions/look-at-execution.ts',
        find: 'return order !== undefined && facts.attempts.some((known) => known.token_hash === hashToken(order.token));',
        replace: "return order !== undefined && facts.attempts.length > 0 && hashToken(order.token) !== '';",
      },
    ],
  },
  {
    name: 'absence-taken-for-never',
    means: 'a start that the platform does not show yet is made again',
    edits: [
      {
        file: 'executions/judge-absence.ts',
        find: 'if (never && isWanted && isLast',
        replace: 'if (isWanted && isLast',
      },
    ],
  },
];
