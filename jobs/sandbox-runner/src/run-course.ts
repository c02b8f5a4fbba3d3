import { setTimeout as pause } from 'node:timers/promises';
import { type BootstrapAnswer, type EndCause, LIMITS } from '@runvoy/protocol';
import type { CommandEnd, RunningCommand } from './command.ts';
import { openDeadline } from './deadline.ts';
import { openDelivery } from './delivery.ts';
import { openHeartbeat } from './heartbeat.ts';
import type { IntakeClient } from './intake-client.ts';
import type { Sandbox } from './isolation/sandbox.ts';
import { openSecretMask } from './masker.ts';
import { openMessageSigner } from './message-signer.ts';
import type { RunOrder } from './order.ts';
import { prepareRun } from './prepare.ts';
import type { ProcessRow } from './process-table.ts';
import type { RunDir } from './run-dir.ts';
import { RUNNER_PREFIX, openRunLog } from './run-log.ts';
import { MARKER_NAME } from './run-processes.ts';
import { openSpool } from './spool.ts';
import { type StopCause, openStop } from './stop.ts';

/** A SIGTERM to the supervisor; without a grace nobody announced it. */
export interface PlatformCancel {
  readonly graceMs?: number;
}

export interface CourseArgs {
  readonly order: RunOrder;
  readonly answer: BootstrapAnswer;
  readonly dir: RunDir;
  readonly intake: IntakeClient;
  readonly sandbox: Sandbox;
  readonly now: () => number;
  readonly note: (text: string) => void;
  /** Tells of cancels by the platform, past ones included. */
  readonly onCancel: (listener: (cancel: PlatformCancel) => void) => void;
}

/** How long a background child may keep the pipes after the command has ended. */
const DRAIN_MS = 2_000;
/** How long the pipes of dead processes may take to end. */
const LAST_READ_MS = 1_000;
/** How long the last messages are offered to a server that is away; the spool has them anyway. */
const PATIENCE_MS = 60_000;

interface CommandOutcome {
  readonly end?: CommandEnd;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly startedAt?: number;
}

/** From the bootstrap's answer to the last acknowledged message. Resolves with the cause of the end. */
export async function runCourse(args: CourseArgs): Promise<EndCause> {
  const { order, answer, dir, intake, sandbox, now } = args;
  const { processes } = sandbox;
  const begun = now();
  const signer = openMessageSigner(order.execution_id, answer.session);
  const mask = openSecretMask(answer.secrets);
  let command: RunningCommand | undefined;
  let hasEnded = false;

  const delivery = openDelivery({
    spool: openSpool(dir.path('spool.jsonl'), order),
    intake,
    now,
    note: args.note,
    onStop: (stopOrder) => stop.request('stop', stopOrder.grace_ms),
    onDismissed: () => stop.request('terminated', LIMITS.graceDefaultMs),
    onRoom: () => command?.resume(),
  });
  const log = openRunLog({
    mask,
    batchMs: answer.batch_ms,
    maxLogBytes: answer.limits.max_log_bytes,
    now,
    onBatch(batch) {
      const lines = { from: batch.lines[0]!.seq, through: batch.lines.at(-1)!.seq };
      delivery.send('logs', signer.logs(batch), lines);
      // What is being stopped or has ended may not be held up: its last lines are bounded by the grace and the pipes.
      if (delivery.isFull && !stop.cause && !hasEnded) command?.pause();
    },
    // After this turn: the line that says so must not come in the middle of the lines of one read.
    onOutputLimit: () => queueMicrotask(() => stop.request('output_limit', answer.limits.grace_ms)),
  });
  const stop = openStop({
    processes,
    now,
    onSignalled(cause, graceMs) {
      command?.resume();
      log.system(`${RUNNER_PREFIX}${stopText(cause, answer)}, SIGTERM sent; SIGKILL in ${seconds(graceMs)}`);
      heartbeat.beat();
    },
    onKilled() {
      log.system(`${RUNNER_PREFIX}SIGKILL sent`);
      heartbeat.beat();
    },
  });
  const heartbeat = openHeartbeat({
    intake,
    signer,
    ackedThrough: () => delivery.ackedThrough,
    stopProgress: () => stop.progress,
    onAnswer(beat) {
      if (beat.stop) stop.request('stop', beat.stop.grace_ms);
      if (beat.deadline > 0) deadline.moveTo(beat.deadline);
    },
    onDismissed: () => stop.request('terminated', LIMITS.graceDefaultMs),
  });
  const deadline = openDeadline(begun + answer.limits.timeout_s * 1_000, now, () =>
    stop.request('timeout', answer.limits.grace_ms),
  );
  args.onCancel(({ graceMs }) =>
    stop.request(graceMs === undefined ? 'terminated' : 'stop', graceMs ?? LIMITS.graceDefaultMs),
  );

  log.system(`${RUNNER_PREFIX}execution started by requestID => ${answer.request_id}`);
  log.system(`${RUNNER_PREFIX}image ID => ${answer.image_id}`);
  log.system(`${RUNNER_PREFIX}isolation => ${order.isolation}`);
  if (sandbox.limits !== undefined) log.system(`${RUNNER_PREFIX}limits => ${sandbox.limits}`);
  for (const name of mask.unmasked) {
    log.system(`${RUNNER_PREFIX}the value of ${name} is too short to be masked`);
  }

  const outcome = await runCommand();
  const endedAt = now();
  // Fixed now: what is asked for while leftovers are cleared came too late.
  stop.tooLate();
  deadline.close();
  await clearLeftovers();

  const endRecord = log.close();
  delivery.send(
    'finished',
    signer.finished({
      cause: stop.cause ?? 'exited',
      ...exitFields(outcome),
      ...(outcome.reason !== undefined && !stop.cause && { reason: outcome.reason }),
      started_at: outcome.startedAt ?? begun,
      ended_at: endedAt,
      ...endRecord,
      maskings: mask.maskings,
      ...(stop.progress && { stop_progress: stop.progress }),
    }),
  );
  await delivery.settle(PATIENCE_MS);
  heartbeat.close();
  return stop.cause ?? 'exited';

  async function runCommand(): Promise<CommandOutcome> {
    const isStopping = () => stop.cause !== undefined;
    const prepared = await prepareRun({ answer, log, sandbox, isStopping });
    if (!prepared.ready) return prepared;
    log.system(answer.command.replace(/^/gm, `${RUNNER_PREFIX}command => `));
    if (isStopping()) return {};
    try {
      command = await sandbox.startCommand(prepared.script, {
        cwd: prepared.cwd,
        env: commandEnvironment(order, answer, sandbox),
        onOutput: (stream, bytes) => log.output(stream, bytes),
        onOutputEnded: (stream) => log.outputEnded(stream),
      });
    } catch (error) {
      log.system(`${RUNNER_PREFIX}the command could not be started: ${(error as Error).message}`);
      return { reason: 'spawn' };
    }
    const startedAt = now();
    const { leader } = command;
    if (leader) writeDown(leader);
    const end = await command.exited;
    hasEnded = true;
    command.resume();
    // A stop may leave children that are still using their grace.
    if (stop.cause) await processes.gone();
    return { end, startedAt };
  }

  function writeDown(leader: ProcessRow): void {
    try {
      dir.write('command.json', { pid: leader.pid, pgid: leader.pgid, start_ticks: leader.startTicks });
    } catch (error) {
      // The command runs. Should we die, its session cannot be named, but its marker still finds it.
      args.note(`command.json could not be written: ${(error as Error).message}`);
    }
  }

  async function clearLeftovers(): Promise<void> {
    if (!stop.cause && command) await Promise.race([command.drained, pause(DRAIN_MS)]);
    const killed = await processes.killAll();
    if (killed > 0) {
      log.system(
        `${RUNNER_PREFIX}${killed === 1 ? '1 process' : `${killed} processes`} left behind by the command killed`,
      );
    }
    if (!command) return;
    await Promise.race([command.drained, pause(LAST_READ_MS)]);
    command.abandonOutput();
    await command.drained;
  }
}

function exitFields({ end, exitCode }: CommandOutcome): { exit_code?: number; signal?: string } {
  if (end?.signal) return { signal: end.signal };
  const code = end ? end.code : exitCode;
  return code === null || code === undefined ? {} : { exit_code: code };
}

/** Nothing of the supervisor's environment but what the sandbox gives; the marker last, so that a run cannot hide itself. */
function commandEnvironment(order: RunOrder, answer: BootstrapAnswer, sandbox: Sandbox): Record<string, string> {
  return {
    ...sandbox.env,
    ...answer.env,
    ...answer.secrets,
    RUNVOY: 'true',
    [MARKER_NAME]: order.execution_id,
  };
}

function stopText(cause: StopCause, { limits }: BootstrapAnswer): string {
  switch (cause) {
    case 'stop':
      return 'stop requested';
    case 'timeout':
      return `timeout of ${limits.timeout_s} s reached`;
    case 'output_limit':
      return `output limit of ${limits.max_log_bytes} bytes reached, later output is dropped`;
    case 'terminated':
      return 'terminated by the platform';
  }
}

const seconds = (ms: number) => `${Number((ms / 1_000).toFixed(1))} s`;
