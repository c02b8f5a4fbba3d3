import { describe, expect, test } from '@jest/globals';
import type { EndCause } from '@runvoy/protocol';
import type { Evidence } from '../../src/executions/evidence.ts';
import type { Execution, Report } from '../../src/executions/execution.ts';
import { advance } from '../../src/executions/advance.ts';
import { judge } from '../../src/executions/judge.ts';
import { documentedTable, printedTable } from '../markdown-table.ts';
import {
  after,
  afterWaiting,
  attemptMade,
  bootstrapped,
  conflict,
  finished,
  laneSettled,
  outcomeOf,
  platformEnded,
  queueTimedOut,
  stopRequested,
} from './facts.ts';

const REPORTS: readonly (readonly [string, Partial<Report>])[] = [
  ['exited, code 0', { cause: 'exited', exit_code: 0 }],
  ['exited, code 3', { cause: 'exited', exit_code: 3 }],
  ['exited, by SIGKILL', { cause: 'exited', signal: 'SIGKILL' }],
  ['could not start: git, code 128', { cause: 'exited', reason: 'git_clone', exit_code: 128 }],
  ['could not start: workspace', { cause: 'exited', reason: 'workspace' }],
  ['stop', { cause: 'stop', signal: 'SIGTERM' }],
  ['timeout', { cause: 'timeout', signal: 'SIGTERM' }],
  ['output_limit', { cause: 'output_limit', signal: 'SIGTERM' }],
  ['terminated, by SIGTERM', { cause: 'terminated', signal: 'SIGTERM' }],
];

const WITHOUT_REPORT: readonly (readonly [string, readonly Evidence[]])[] = [
  ['ended by itself', [bootstrapped(), platformEnded(), laneSettled()]],
  ['ended: out_of_memory', [bootstrapped(), platformEnded({ reason: 'out_of_memory' }), laneSettled()]],
  ['cancelled', [bootstrapped(), platformEnded({ kind: 'cancelled' }), laneSettled()]],
  ['never asked for the command', [platformEnded(), laneSettled()]],
  ['never asked: image_pull', [platformEnded({ kind: 'never_started', reason: 'image_pull' }), laneSettled()]],
  [
    'asked for it too late',
    [{ kind: 'start_timed_out', at_ms: 4_500 }, platformEnded({ kind: 'cancelled' }), laneSettled()],
  ],
  ['start rejected: quota', [{ kind: 'start_rejected', attempt: 1, reason: 'quota', details: 'no more' }]],
  ['two runners claimed it', [bootstrapped(), conflict, platformEnded()]],
];

function cell(execution: Execution): string {
  const { status, exit_code, reason } = outcomeOf(execution);
  return [status, exit_code, reason].filter((part) => part !== undefined).join(' ');
}

/** A stop is stored while the run is unfinished and its runner, if any, has the command already. */
function withStop(evidence: readonly Evidence[]): readonly Evidence[] {
  const first = evidence[0]?.kind === 'bootstrapped' ? 1 : 0;
  return [...evidence.slice(0, first), stopRequested, ...evidence.slice(first)];
}

test('[unasked-stop] a runner that was cancelled because nobody heard of it was not stopped by anybody', () => {
  const silent = after(
    bootstrapped(),
    finished({ cause: 'stop', signal: 'SIGKILL' }),
    platformEnded({ kind: 'cancelled' }),
  );
  expect(outcomeOf(silent)).toEqual({ status: 'FAILED', exit_code: 137, reason: 'terminated' });
});

test('every report is judged as the documented table says, whatever the platform says of the end', () => {
  for (const end of [
    platformEnded(),
    platformEnded({ kind: 'cancelled' }),
    platformEnded({ reason: 'out_of_memory' }),
  ]) {
    const judged = REPORTS.map(([name, report]) => {
      const evidence = [bootstrapped(), finished(report), end];
      return [name, cell(after(...evidence)), cell(after(...withStop(evidence)))];
    });
    expect(printedTable(judged)).toBe(printedTable(documentedTable('states.md', "the runner's report")));
  }
});

test('every end without a report is judged as the documented table says', () => {
  const judged = WITHOUT_REPORT.map(([name, evidence]) => [
    name,
    cell(after(...evidence)),
    cell(after(...withStop(evidence))),
  ]);
  expect(printedTable(judged)).toBe(printedTable(documentedTable('states.md', 'without a report')));
});

test('whatever ends the waiting for a slot is judged as the documented table says', () => {
  const ends: readonly (readonly [string, Evidence])[] = [
    ['its first attempt is made', attemptMade(1)],
    ['it has waited too long', queueTimedOut],
    ['it is stopped', stopRequested],
  ];
  const judged = ends.map(([name, evidence]) => [name, cell(afterWaiting(evidence))]);
  expect(printedTable(judged)).toBe(printedTable(documentedTable('states.md', 'what ends the waiting')));
});

describe('a run that waits for a slot', () => {
  test('is over at once when it is stopped: nothing of it can live', () => {
    expect(afterWaiting(stopRequested)).toMatchObject({ status: 'STOPPED', unfinished: false, completed_at_ms: 3_000 });
    expect(afterWaiting(stopRequested)).not.toHaveProperty('waiting');
  });

  test('is not ended by its time once its attempt is made, and gets no attempt once it has ended', () => {
    const admitted = afterWaiting(attemptMade(1));
    expect(advance(admitted, queueTimedOut)).toBe(admitted);
    const late = afterWaiting(queueTimedOut);
    expect(advance(late, attemptMade(1))).toBe(late);
  });
});

describe('a run restored from a backup that was made before its end', () => {
  const restored: Evidence = { kind: 'restored', backup_at_ms: 6_000, at_ms: 90_000 };
  const unknown = { status: 'FAILED', exit_code: 1, reason: 'restored', unfinished: false, completed_at_ms: 6_000 };

  test.each<readonly [string, readonly Evidence[]]>([
    ['that nobody had answered', []],
    ['whose runner had the command', [bootstrapped()]],
    ['that was being stopped: nobody has confirmed that', [bootstrapped(), stopRequested]],
    ['whose platform had ended it, and whose report was waited for', [bootstrapped(), platformEnded()]],
    ['whose start was too late', [{ kind: 'start_timed_out', at_ms: 4_500 }]],
  ])('%s is over, and says of itself what it is', (_, evidence) => {
    expect(after(...evidence, restored)).toMatchObject(unknown);
  });

  test('and waited for a slot is over, too: it has its turn where it came from', () => {
    expect(afterWaiting(restored)).toMatchObject(unknown);
    expect(afterWaiting(restored)).not.toHaveProperty('waiting');
  });

  test('[report-wins] and whose report was stored ended as its runner said', () => {
    const ended = after(bootstrapped(), finished({ exit_code: 3 }), restored);
    expect(ended).toMatchObject({ status: 'FAILED', exit_code: 3, completed_at_ms: 4_000 });
    expect(ended).not.toHaveProperty('reason');
  });

  test('stays as it is, whatever its runner still says', () => {
    const over = after(bootstrapped(), restored);
    for (const late of [finished({ exit_code: 0 }), platformEnded(), restored]) expect(advance(over, late)).toBe(over);
  });
});

describe('has it ended', () => {
  test('a run of which nothing is known but its start has no verdict', () => {
    expect(judge({ attempts: [{ attempt: 1, token_hash: 'h', made_at_ms: 0 }] })).toBeUndefined();
    expect(judge({ attempts: [] })).toBeUndefined();
  });

  test('a report alone ends nothing: the platform has to see the last of it', () => {
    expect(after(bootstrapped(), finished({ exit_code: 0 })).status).toBe('RUNNING');
    expect(after(bootstrapped(), stopRequested, finished({ cause: 'stop' })).status).toBe('TERMINATING');
  });

  test('an end without a report waits until the safety lane was read', () => {
    expect(after(bootstrapped(), platformEnded()).status).toBe('RUNNING');
    expect(after(bootstrapped(), stopRequested, platformEnded({ kind: 'cancelled' })).status).toBe('TERMINATING');
    expect(after(platformEnded()).status).toBe('STARTING');
  });

  test('a conflict ends the run no sooner than the platform', () => {
    expect(after(bootstrapped(), conflict).status).toBe('RUNNING');
    expect(after(conflict).status).toBe('STARTING');
    expect(after(conflict, platformEnded())).toMatchObject({ status: 'FAILED', reason: 'bootstrap_conflict' });
  });

  test('a conflict decides even with a report', () => {
    const end = after(bootstrapped(), conflict, finished({ exit_code: 0 }), platformEnded());
    expect(outcomeOf(end)).toEqual({ status: 'FAILED', exit_code: 1, reason: 'bootstrap_conflict' });
  });

  test('a runner told to stop is out when the platform says so, without waiting for a lane it never wrote to', () => {
    const end = after(stopRequested, { kind: 'told_to_stop', attempt: 1 }, platformEnded());
    expect(outcomeOf(end)).toEqual({ status: 'STOPPED', exit_code: 130 });
    expect(after(stopRequested, { kind: 'told_to_stop', attempt: 1 }).status).toBe('TERMINATING');
  });

  test('a run that is stopped before anybody has its command is over when nothing of it lives', () => {
    expect(outcomeOf(after(stopRequested, platformEnded({ kind: 'cancelled' })))).toMatchObject({ status: 'STOPPED' });
    expect(outcomeOf(after(platformEnded(), stopRequested))).toMatchObject({ status: 'STOPPED' });
    expect(after(attemptMade(2), stopRequested, platformEnded({}, 1)).status).toBe('TERMINATING');
  });

  test('a run whose runner has its command waits for the report also when it is stopped', () => {
    const stopped = after(bootstrapped(), stopRequested, platformEnded({ kind: 'cancelled' }));
    expect(stopped.status).toBe('TERMINATING');
    expect(outcomeOf(advance(stopped, finished({ exit_code: 0 })))).toMatchObject({ status: 'SUCCEEDED' });
  });

  test('what never began has no report to wait for', () => {
    const never = platformEnded({ kind: 'never_started', reason: 'image_pull' });
    expect(outcomeOf(after(never))).toEqual({ status: 'FAILED', exit_code: 1, reason: 'image_pull' });
    expect(after(platformEnded()).status).toBe('STARTING');
  });

  test('a run with two attempts ends with the last of them', () => {
    const replaced = [attemptMade(2, 1), platformEnded({ reason: 'image_pull' }, 2)];
    expect(after(...replaced).status).toBe('STARTING');
    expect(outcomeOf(after(...replaced, laneSettled(2)))).toEqual({
      status: 'FAILED',
      exit_code: 1,
      reason: 'image_pull',
    });
  });

  test('the end of another attempt than the bound one ends nothing', () => {
    const others = after(attemptMade(2), bootstrapped(2), platformEnded({}, 1), laneSettled(1));
    expect(others.status).toBe('RUNNING');
  });
});

describe('when was it over', () => {
  test('a report tells when the command ended, else the platform tells', () => {
    expect(after(bootstrapped(), finished({ exit_code: 0 }), platformEnded()).completed_at_ms).toBe(4_000);
    expect(after(bootstrapped(), platformEnded(), laneSettled()).completed_at_ms).toBe(5_000);
    expect(after(platformEnded(), laneSettled()).completed_at_ms).toBe(5_000);
  });

  test('a stopped run that never began is over no earlier than it was asked to stop', () => {
    const rejected = after(stopRequested, { kind: 'start_rejected', attempt: 1, reason: 'quota', details: '' });
    expect(rejected.completed_at_ms).toBe(3_000);
  });

  test('a rejected start is over when it was made', () => {
    const rejected = after({ kind: 'start_rejected', attempt: 1, reason: 'quota', details: '' });
    expect(rejected.completed_at_ms).toBe(1_000);
  });
});

describe('exit codes', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGSEGV', 139],
    ['SIGTERM', 143],
    ['SIGXFSZ', 153],
    ['SIGNOSUCH', 128],
  ])('a command ended by %s has exit code %i', (signal, exit_code) => {
    expect(after(bootstrapped(), finished({ signal }), platformEnded())).toMatchObject({ status: 'FAILED', exit_code });
  });

  test.each<[string, Partial<Report>, number]>([
    ['neither code nor signal', {}, 1],
    ['code 0 but a reason why it could not run', { exit_code: 0, reason: 'workspace' }, 1],
    ['a code and a signal', { exit_code: 7, signal: 'SIGTERM' }, 7],
    ['code 0 after a signal nobody announced', { cause: 'terminated', exit_code: 0 }, 1],
  ])('a report with %s fails', (_, report, exit_code) => {
    expect(after(bootstrapped(), finished(report), platformEnded())).toMatchObject({ status: 'FAILED', exit_code });
  });
});

describe("the model's verdicts", () => {
  // The verdict function of the explicit-state model, row by row: report (code and cause), what the platform said, stop stored.
  const MODEL_REPORTS: Record<string, Partial<Report>> = {
    ok: { cause: 'exited', exit_code: 0 },
    err: { cause: 'exited', exit_code: 1 },
    sig: { cause: 'exited', signal: 'SIGTERM' },
    'ok:stop': { cause: 'stop', exit_code: 0 },
    'sig:stop': { cause: 'stop', signal: 'SIGTERM' },
  };
  const PLATFORM = { ok: {}, err: {}, cancelled: { kind: 'cancelled' } } as const;
  const BY_REPORT = { ok: 'SUCCEEDED', err: 'FAILED', sig: 'FAILED', 'ok:stop': 'STOPPED', 'sig:stop': 'STOPPED' };
  // The model does not tell a stop from a cancel that a look sent to a silent run; nobody asked for the latter.
  const withoutStop = (status: string) => (status === 'STOPPED' ? 'FAILED' : status);
  type Said = keyof typeof PLATFORM;

  const reported = Object.entries(BY_REPORT).flatMap(([report, status]) =>
    (Object.keys(PLATFORM) as Said[]).flatMap((said) => [
      { report, said, stop: false, status: withoutStop(status) },
      { report, said, stop: true, status },
    ]),
  );
  test.each(reported)(
    'report $report, platform $said, stop stored $stop: $status',
    ({ report, said, stop, status }) => {
      const evidence = [bootstrapped(), finished(MODEL_REPORTS[report]!), platformEnded(PLATFORM[said])];
      expect(after(...(stop ? withStop(evidence) : evidence)).status).toBe(status);
      expect(after(...(stop ? withStop(evidence) : evidence), conflict).status).toBe(status);
      const contested = [bootstrapped(), conflict, ...evidence.slice(1)];
      expect(after(...(stop ? withStop(contested) : contested)).status).toBe('FAILED');
    },
  );

  // The model also knows a platform that says 'ok' without any report: SUCCEEDED. Its fixed reading never gets there (whoever says
  // 'ok' has left a report in the safety lane), and a platform's exit is the runner's, not the command's: here it stays unproven.
  test.each<{ said: Said; stop: boolean; status: string }>([
    { said: 'ok', stop: false, status: 'FAILED' },
    { said: 'ok', stop: true, status: 'FAILED' },
    { said: 'err', stop: false, status: 'FAILED' },
    { said: 'err', stop: true, status: 'FAILED' },
    { said: 'cancelled', stop: false, status: 'FAILED' },
    { said: 'cancelled', stop: true, status: 'STOPPED' },
  ])('no report, platform $said, stop stored $stop: $status', ({ said, stop, status }) => {
    const evidence = [bootstrapped(), platformEnded(PLATFORM[said]), laneSettled()];
    expect(after(...(stop ? withStop(evidence) : evidence)).status).toBe(status);
  });
});

test('[unasked-stop] no cause but stop, and no end but one after a stop, is judged STOPPED', () => {
  const causes: readonly EndCause[] = ['exited', 'timeout', 'output_limit', 'terminated'];
  for (const cause of causes) {
    expect(
      after(bootstrapped(), finished({ cause, signal: 'SIGTERM' }), platformEnded({ kind: 'cancelled' })).status,
    ).toBe('FAILED');
  }
});
