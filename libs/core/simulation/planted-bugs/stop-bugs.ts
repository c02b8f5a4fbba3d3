import type { PlantedBug } from '../planted-bug.ts';

/** Mistakes in how a run is stopped. */
export const STOP_BUGS: readonly PlantedBug[] = [
  {
    name: 'missing-transition',
    means: 'a run that is stopping has no way to STOPPED',
    edits: [
      {
        file: 'executions/transitions.ts',
        find: "TERMINATING: { ended_ok: 'SUCCEEDED', ended_failed: 'FAILED', ended_stopped: 'STOPPED' },",
        replace: "TERMINATING: { ended_ok: 'SUCCEEDED', ended_failed: 'FAILED' },",
      },
    ],
  },
  {
    name: 'early-stopped',
    means: 'a run is STOPPED as soon as somebody asks for it',
    edits: [
      {
        file: 'executions/judge.ts',
        find: "if (facts.stop) return { verdict: 'stop_requested' };",
        replace: "if (facts.stop) return { verdict: 'ended_stopped', exit_code: STOPPED_EXIT };",
      },
    ],
  },
  {
    name: 'forgotten-cancel',
    means: 'a cancel that failed is sent no more, neither to the platform nor to the runner',
    edits: [
      {
        file: 'executions/cancel-due.ts',
        find: "if (isStopDue(execution.facts, deps.clock.now())) return 'stop';",
        replace: "if (isStopDue({ attempts: [] }, 0)) return 'stop';",
      },
      {
        file: 'executions/record-heartbeat.ts',
        find: 'return stop && !isTerminal(execution.status)',
        replace: 'return stop && isTerminal(execution.status)',
      },
    ],
  },
  {
    name: 'stopped-is-closed',
    means: 'nobody waits for the report of a stopped run whose runner has the command',
    edits: [
      {
        file: 'executions/attempts.ts',
        find: '  if (facts.bound) return facts.bound.attempt !== attempt.attempt;\n',
        replace: '  if (facts.bound && !facts.stop) return facts.bound.attempt !== attempt.attempt;\n',
      },
    ],
  },
  {
    name: 'stop-not-stored',
    means: 'a stop is passed on and not written down',
    edits: [
      {
        file: 'executions/stop-execution.ts',
        find: '    await storeExecution(tx, before, after, now);\n',
        replace: '    if (now < 0) await storeExecution(tx, before, after, now);\n',
      },
    ],
  },
  {
    name: 'stopped-before-it-began-is-lost',
    means: 'a run that was stopped before anything of it began ends as one that got lost',
    edits: [
      {
        file: 'executions/judge.ts',
        find: "  if (facts.stop) return { verdict: 'ended_stopped', exit_code: STOPPED_EXIT, ...at };\n",
        replace: '',
      },
    ],
  },
  {
    name: 'stopped-in-queue-waits-on',
    means: 'a run that is stopped while it waits for a slot goes on waiting',
    edits: [
      {
        file: 'executions/judge.ts',
        find: "  if (stop) return { verdict: 'ended_stopped', exit_code: STOPPED_EXIT, completed_at_ms: stop.requested_at_ms };\n",
        replace: '  if (stop) return undefined;\n',
      },
    ],
  },
  {
    name: 'late-stop-confirmed',
    means: 'a stop that came too late is shown as confirmed',
    edits: [
      {
        file: 'executions/execution-body.ts',
        find: "(execution.status === 'STOPPED' ? { confirmed:",
        replace: '(isTerminal(execution.status) ? { confirmed:',
      },
    ],
  },
];
