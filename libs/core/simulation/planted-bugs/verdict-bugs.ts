import type { PlantedBug } from '../planted-bug.ts';

/** Mistakes in how the end of a run is concluded from evidence. */
export const VERDICT_BUGS: readonly PlantedBug[] = [
  {
    name: 'silence-unnoticed',
    means: 'a run whose runner is dead is left alone',
    flavour: 'cloud',
    edits: [
      {
        file: 'executions/cancel-due.ts',
        find: "  if (view.unwatched) return 'unwatched';\n  return (await isSilent(deps, execution)) ? 'silent' : undefined;",
        replace: '  return isSilent(deps, execution).then(() => undefined);',
      },
    ],
  },
  {
    name: 'settle-without-the-lane',
    means: 'the verdict of the platform stands although the lane was not read',
    edits: [
      {
        file: 'executions/look-at-execution.ts',
        find: 'const lane = await replayLane(deps, attemptRef(execution, attempt));',
        replace:
          'const lane = { reported: attempt.attempt < 0 && !!replayLane && !!attemptRef && !!execution, final: false };',
      },
    ],
  },
  {
    name: 'verdict-from-a-failed-read',
    means: 'a lane that cannot be read counts as empty',
    edits: [
      {
        file: 'executions/look-at-execution.ts',
        find: 'const lane = await replayLane(deps, attemptRef(execution, attempt));',
        replace:
          'const lane = await replayLane(deps, attemptRef(execution, attempt)).catch(() => ({ reported: false, final: true }));',
      },
    ],
  },
  {
    name: 'no-answer-is-an-end',
    means: 'a platform that does not answer is taken to say that the run is gone',
    edits: [
      {
        file: 'executions/look-at-execution.ts',
        find: 'await deps.jobs.look(attemptRef(before, attempt));',
        replace:
          "await deps.jobs.look(attemptRef(before, attempt)).catch(() => ({ state: 'ended', end: { platform_execution: '', at_ms: deps.clock.now(), kind: 'exited' } }) as const);",
      },
    ],
  },
  {
    name: 'settle-window-too-short',
    means: 'nobody waits for a report that comes late',
    flavour: 'cloud',
    edits: [
      {
        file: 'logs/assess-log.ts',
        find: 'export const SETTLE_MS = 45_000;',
        replace: 'export const SETTLE_MS = 1_000;',
      },
    ],
  },
  {
    name: 'report-ignored',
    means: 'how a run ended is taken from the platform although its runner has told',
    edits: [
      {
        file: 'executions/judge.ts',
        find: 'if (facts.report) return { ...judgeReport(facts.report, facts.stop !== undefined), ...at };',
        replace: 'if (facts.report && !judgeReport) return undefined;',
      },
      {
        file: 'executions/judge.ts',
        find: '  if (!end || !attempt?.lane_settled) return judgeRestored(facts);\n',
        replace: '  if (!end || (!attempt?.lane_settled && !facts.report)) return judgeRestored(facts);\n',
      },
    ],
  },
  {
    name: 'end-without-the-platform',
    means: 'a report ends a run whose processes still live',
    edits: [
      {
        file: 'executions/judge.ts',
        find: '  if (endedAtMs === undefined) return undefined;\n',
        replace:
          '  if (attempt && !end && facts.report) return judgeReport(facts.report, facts.stop !== undefined);\n  if (endedAtMs === undefined) return undefined;\n',
      },
    ],
  },
  {
    name: 'window-by-our-own-clock',
    means: 'the settle window is measured by a clock that may be an hour ahead of the platform',
    flavour: 'cloud',
    edits: [
      {
        file: 'executions/look-at-execution.ts',
        find: 'const isWindowOver = (lane.as_of_ms === undefined ? elapsedMs : lane.as_of_ms - end.at_ms) >= SETTLE_MS;',
        replace: 'const isWindowOver = elapsedMs + 0 * (lane.as_of_ms ?? 0) >= SETTLE_MS;',
      },
    ],
  },
  {
    name: 'late-event-changes-the-end',
    means: 'what comes after the end is judged as if the run went on',
    edits: [
      {
        file: 'executions/advance.ts',
        find: '  if (isTerminal(execution.status)) return execution;\n  const facts',
        replace: '  const facts',
      },
      {
        file: 'executions/transitions.ts',
        find: 'FAILED: {},',
        replace: "FAILED: { ended_ok: 'SUCCEEDED', ended_stopped: 'STOPPED' },",
      },
    ],
  },
];
