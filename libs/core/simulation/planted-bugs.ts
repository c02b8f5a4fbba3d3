import type { PlantedBug } from './planted-bug.ts';
import { READER_BUGS } from './reader-bugs.ts';

export const PLANTED_BUGS: readonly PlantedBug[] = [
  ...READER_BUGS,
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
    name: 'lost-outbox-write',
    means: 'an end is stored and nobody is told',
    edits: [
      { file: 'executions/store-execution.ts', find: '  addToOutbox(\n', replace: '  if (nowMs < 0) addToOutbox(\n' },
    ],
  },
  {
    name: 'outbox-forgets-first',
    means: 'an outbox entry is removed before the bus has it',
    edits: [
      {
        file: 'events/outbox.ts',
        find: '    if (event) await bus.publish(event);\n    await records.delete(outboxRef(entry.id));\n',
        replace: '    await records.delete(outboxRef(entry.id));\n    if (event) await bus.publish(event);\n',
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
    name: 'batch-accepted-twice',
    means: 'a batch that comes again is written again',
    edits: [
      {
        file: 'logs/append-batch.ts',
        find: 'await records.create(chunkRef(executionId, batch.from), chunk);',
        replace: 'await records.transact(async (tx) => tx.set(chunkRef(executionId, batch.from), chunk));',
      },
    ],
  },
  {
    name: 'acknowledged-before-stored',
    means: 'a batch is acknowledged while it is only on its way to the store',
    edits: [
      {
        file: 'logs/append-batch.ts',
        find: 'await records.create(chunkRef(executionId, batch.from), chunk);',
        replace: 'records.create(chunkRef(executionId, batch.from), chunk).catch(() => undefined);',
      },
    ],
  },
  {
    name: 'cursor-off-by-one',
    means: 'a reader is shown the line it has already',
    edits: [
      {
        file: 'logs/read-log.ts',
        find: 'lines.filter((line) => line.seq > last)',
        replace: 'lines.filter((line) => line.seq >= last)',
      },
    ],
  },
  {
    name: 'page-skips-a-chunk',
    means: 'a page begins behind the first chunk that it should hold',
    edits: [
      {
        file: 'logs/read-log.ts',
        find: '  let cursor = after;\n',
        replace: '  let cursor = after === 0 ? 0 : after + 1;\n',
      },
    ],
  },
  {
    name: 'chunk-of-nobody',
    means: 'chunks of different runs share their ids',
    edits: [
      {
        file: 'logs/log-chunk.ts',
        find: '`${executionId}-${String(from)',
        replace: '`${executionId.slice(0, 0)}-${String(from)',
      },
    ],
  },
  {
    name: 'bootstrap-after-stop',
    means: 'a runner that comes after the stop is handed the command',
    edits: [
      {
        file: 'executions/decide-bootstrap.ts',
        find: '  if (isUnwanted(execution.facts)) {\n',
        replace: '  if (isUnwanted(execution.facts) && nowMs < 0) {\n',
      },
    ],
  },
  {
    name: 'second-nonce-accepted',
    means: 'two runners of one attempt get the command',
    flavour: 'cloud',
    edits: [
      {
        file: 'executions/decide-bootstrap.ts',
        find: 'if (bound && !sameHash(bound.nonce_hash, nonceHash)) {',
        replace: 'if (bound && nowMs < 0) {',
      },
      {
        file: 'executions/decide-bootstrap.ts',
        find: 'if (knownAs !== undefined && named !== undefined && knownAs !== named) {',
        replace: 'if (nowMs < 0) {',
      },
    ],
  },
  {
    name: 'lost-answer-is-a-conflict',
    means: 'a runner that asks again after a lost answer is taken for a second one',
    edits: [
      {
        file: 'executions/decide-bootstrap.ts',
        find: 'if (bound && !sameHash(bound.nonce_hash, nonceHash)) {',
        replace: 'if (bound && nonceHash) {',
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
    name: 'answered-without-being-stored',
    means: 'a bootstrap is answered although its record has changed meanwhile',
    edits: [
      {
        file: 'executions/bootstrap-execution.ts',
        find: 'if (decision.after === before || (await replaceExecution({ records }, read, after))) {',
        replace: 'if (decision.after === before || (await replaceExecution({ records }, read, after)) || hasInput) {',
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
    name: 'report-proves-itself',
    means: 'a report takes the log for whole without comparing it with its end record',
    edits: [
      {
        file: 'logs/prove-log.ts',
        find: 'return stored.gaps.length === 0 && stored.sha256 === sha256;',
        replace: 'return stored.sha256.length === sha256.length;',
      },
    ],
  },
  {
    name: 'proof-without-digest',
    means: 'a log with missing lines is called complete',
    edits: [
      {
        file: 'logs/assess-log.ts',
        find: "if (gaps.length > 0) return { completeness: settledWord(execution, 'gaps'), ...stated, gaps };",
        replace: '',
      },
      {
        file: 'logs/assess-log.ts',
        find: 'if (sha256 !== end_record.sha256) {',
        replace: 'if (sha256 === undefined) {',
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
    name: 'input-kept',
    means: 'the sealed environment of a run outlives it',
    edits: [
      {
        file: 'executions/store-execution.ts',
        find: '  if (!after.without_input) tx.delete(runInputRef(after.execution_id));\n',
        replace: '',
      },
    ],
  },
  {
    name: 'key-forgotten',
    means: 'a request that is sent again makes another run',
    edits: [
      {
        file: 'executions/submit-run.ts',
        find: '    keep.put(tx, { execution_id: execution.execution_id });\n',
        replace: '',
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
    name: 'writes-without-a-change',
    means: 'a look that finds nothing writes all the same',
    edits: [
      {
        file: 'executions/store-execution.ts',
        find: '  if (after === before) return;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'event-acknowledged-too-early',
    means: 'lines in the safety lane are not waited for after the end',
    edits: [
      {
        file: 'executions/finish-execution.ts',
        find: '  const first = await assessLog(deps, execution);\n',
        replace:
          "  const first = { completeness: 'complete' as const };\n  if (isWindowOver && first.completeness !== 'complete') await assessLog(deps, execution);\n",
      },
    ],
    flavour: 'local',
  },
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
    name: 'look-overwrites',
    means: 'a look stores what it learned over whatever came in between',
    edits: [
      {
        file: 'executions/store-execution.ts',
        find: 'return records.compareAndSet(executionRef(id), version, after);',
        replace: "return records.transact(async (tx) => tx.set(executionRef(id), after)).then(() => version !== '');",
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
