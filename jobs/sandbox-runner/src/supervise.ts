import { LIMITS } from '@runvoy/protocol';
import { bootstrap } from './bootstrap.ts';
import { openIntakeClient } from './intake-client.ts';
import { newSandbox } from './isolation/new-sandbox.ts';
import type { RunOrder } from './order.ts';
import type { OutputPipes } from './output-pipes.ts';
import { type ProcessRow, bootId, readProcess } from './process-table.ts';
import { type PlatformCancel, runCourse } from './run-course.ts';
import { type ExitFile, openRunDir } from './run-dir.ts';
import type { RunProcesses } from './run-processes.ts';
import { openSpool } from './spool.ts';

/** A server that was stopped comes back in this time, or finds the spool. */
const PATIENCE_MS = 60_000;

/** The whole life of one attempt, as seen by its supervisor. */
export async function superviseRun(
  order: RunOrder,
  args: {
    readonly pipes: OutputPipes;
    readonly now: () => number;
    readonly note: (text: string) => void;
    /** Called before anything is started, so that whoever catches a fatal error can end it. */
    readonly onProcesses: (processes: RunProcesses) => void;
  },
): Promise<void> {
  const { now, note, pipes } = args;
  const dir = openRunDir(order.run_dir);
  const cancels: PlatformCancel[] = [];
  const cancelled = new AbortController();
  let listener = (cancel: PlatformCancel): void => void cancels.push(cancel);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const) {
    process.on(signal, () => {
      const graceMs = dir.readStop()?.grace_ms;
      listener(
        graceMs === undefined ? { cause: 'terminated', graceMs: LIMITS.graceDefaultMs } : { cause: 'stop', graceMs },
      );
      cancelled.abort();
    });
  }

  const isOurs = dir.claim({
    pid: process.pid,
    start_ticks: readProcess(process.pid)!.startTicks,
    boot_id: bootId(),
    execution_id: order.execution_id,
    attempt: order.attempt,
    started_ms: now(),
    ...(order.engine && { engine: order.engine.command }),
  });
  if (!isOurs) return note('another supervisor has this attempt');
  const leave = (exit: Omit<ExitFile, 'at_ms'>): void => {
    try {
      dir.write('exit.json', { at_ms: now(), ...exit });
    } catch (error) {
      // All is over and reported; a crash would only make an orderly end look like one.
      note(`exit.json could not be written: ${(error as Error).message}`);
    }
  };

  function writeDown(leader: ProcessRow): void {
    try {
      dir.write('command.json', { pid: leader.pid, pgid: leader.pgid, start_ticks: leader.startTicks });
    } catch (error) {
      // The command runs. Should we die, its session cannot be named, but its marker still finds it.
      note(`command.json could not be written: ${(error as Error).message}`);
    }
  }

  // A cancel writes stop.json before it looks for us, and we look for it after we can be found: one of the two sees the other.
  if (dir.readStop()) cancelled.abort();
  if (cancelled.signal.aborted) return leave({ kind: 'cancelled' });

  const intake = openIntakeClient(order.intake_socket, order.execution_id);
  const sandbox = newSandbox(order, {
    pipes,
    pathInRunDir: (name) => dir.path(name),
    // Not caught: what could make a container that nobody finds must not go on.
    onLeader: ({ pid, pgid, startTicks }) => dir.write('command.json', { pid, pgid, start_ticks: startTicks }),
  });
  args.onProcesses(sandbox.processes);
  try {
    const platformExecution = `local/${order.execution_id}/${order.attempt}`;
    const booted = await bootstrap(order, platformExecution, intake, cancelled.signal, now);
    switch (booted.outcome) {
      case 'stop':
        return leave({ kind: 'cancelled' });
      case 'refused':
      case 'no_answer':
        note(`bootstrap: ${booted.why}`);
        return leave({ kind: 'exited', reason: `bootstrap_${booted.outcome}`, details: booted.why });
      case 'run': {
        const cause = await runCourse({
          order,
          answer: booted.answer,
          intake,
          openSpool: () => openSpool(dir.path('spool.jsonl'), order),
          sandbox,
          now,
          note,
          patienceMs: PATIENCE_MS,
          onStarted: writeDown,
          onCancel(next) {
            listener = next;
            cancels.splice(0).forEach(next);
          },
        });
        return leave({ kind: cause === 'stop' || cause === 'terminated' ? 'cancelled' : 'exited' });
      }
    }
  } finally {
    intake.close();
  }
}
