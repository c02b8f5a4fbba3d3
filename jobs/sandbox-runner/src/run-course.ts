import { setTimeout as pause } from 'node:timers/promises';
import { type BootstrapAnswer, type EndCause, LIMITS, type PreparationReason, type Preparing } from '@runvoy/protocol';
import { backlogBytes } from './backpressure.ts';
import type { CommandEnd, RunningCommand } from './command.ts';
import { openDeadline } from './deadline.ts';
import { openDelivery } from './delivery.ts';
import { openHeartbeat } from './heartbeat.ts';
import type { IntakeClient } from './intake-client.ts';
import type { Sandbox } from './isolation/sandbox.ts';
import { openSecretMask } from './masker.ts';
import { openMessageSigner } from './message-signer.ts';
import { mostLines } from './most-lines.ts';
import type { AttemptOrder } from './order.ts';
import { type HoldTimes, openOutputGate } from './output-gate.ts';
import { prepareRun } from './prepare.ts';
import type { ProcessRow } from './process-table.ts';
import { RUNNER_PREFIX, openRunLog } from './run-log.ts';
import { MARKER_NAME } from './run-processes.ts';
import type { Spool } from './spool.ts';
import { type StopCause, openStop } from './stop.ts';

/** A signal by which the platform ends the runner. */
export interface PlatformCancel {
  /** `terminated` unless it was announced to be a stop. */
  readonly cause: 'stop' | 'terminated';
  readonly graceMs: number;
  /** When all must be over, ms since the epoch: the platform kills. */
  readonly overBy?: number;
}

export interface CourseArgs {
  readonly order: Pick<AttemptOrder, 'execution_id' | 'attempt' | 'isolation'>;
  readonly answer: BootstrapAnswer;
  readonly intake: IntakeClient;
  /** Opens the safety lane; `onRoom` is told when a full one has room again. */
  readonly openSpool: (onRoom: () => void) => Spool;
  readonly sandbox: Sandbox;
  readonly now: () => number;
  readonly note: (text: string) => void;
  /** Tells of cancels by the platform, past ones included. */
  readonly onCancel: (listener: (cancel: PlatformCancel) => void) => void;
  /** Told which process leads the command, where it can be seen from here. */
  readonly onStarted?: (leader: ProcessRow) => void;
  /** How long the last messages are offered to a server that is away; the safety lane has them anyway. */
  readonly patienceMs: number;
  readonly holdTimes?: HoldTimes;
}

/** How long a background child may keep the pipes after the command has ended. */
const DRAIN_MS = 2_000;
/** How long the pipes of dead processes may take to end. */
const LAST_READ_MS = 1_000;

interface CommandOutcome {
  readonly end?: CommandEnd;
  readonly reason?: PreparationReason;
  readonly details?: string;
  readonly exitCode?: number;
  readonly startedAt?: number;
}

/** From the bootstrap's answer to the last acknowledged message. Resolves with the cause of the end. */
export async function runCourse(args: CourseArgs): Promise<EndCause> {
  const { order, answer, intake, sandbox, now } = args;
  const { processes } = sandbox;
  const begun = now();
  const signer = openMessageSigner(order.execution_id, answer.session);
  const mask = openSecretMask(answer.secrets);
  let command: RunningCommand | undefined;
  let preparing: Preparing | undefined;
  let overBy = Infinity;

  const delivery = openDelivery({
    spool: args.openSpool(() => gate.look()),
    intake,
    backlogBytes: backlogBytes(answer.limits),
    now,
    note: args.note,
    onStop: (stopOrder) => stop.request('stop', stopOrder.grace_ms),
    onDismissed: () => stop.request('terminated', LIMITS.graceDefaultMs),
    onRoom: () => gate.look(),
    onCaughtUp: () => log.caughtUp(),
  });
  const log = openRunLog({
    mask,
    batchMs: answer.batch_ms,
    maxLogBytes: answer.limits.max_log_bytes,
    limitPolicy: answer.limits.log_limit_policy,
    now,
    onTheirWay: () => delivery.onTheirWay,
    onBatch(batch) {
      delivery.send('logs', signer.logs(batch), batch);
      gate.look();
    },
    // After this turn: the line that says so must not come in the middle of the lines of one read.
    onOutputLimit: () => queueMicrotask(() => stop.request('output_limit', answer.limits.grace_ms)),
  });
  const gate = openOutputGate({
    delivery,
    now,
    say: (text) => log.system(`${RUNNER_PREFIX}${text}`),
    onTold: () => heartbeat.beat(),
    times: args.holdTimes,
  });
  const stop = openStop({
    processes,
    now,
    onSignalled(cause, graceMs) {
      gate.letEnd();
      // How long a command has whose platform ends it, a stop behind it may still shorten.
      const most = cause === 'terminated' ? ' at the latest' : '';
      log.system(`${RUNNER_PREFIX}${stopText(cause, answer)}, SIGTERM sent; SIGKILL ${inText(graceMs)}${most}`);
      heartbeat.beat();
    },
    onHastened(graceMs) {
      log.system(`${RUNNER_PREFIX}it is left less time: SIGKILL ${inText(graceMs)}`);
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
    preparing: () => preparing,
    outputWait: () => gate.wait,
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
  args.onCancel((cancel) => {
    overBy = Math.min(overBy, cancel.overBy ?? Infinity);
    const isNews = stop.cause !== undefined;
    stop.request(cancel.cause, cancel.graceMs);
    // A second one comes from somebody who cannot wait: how long the command still has, the server's answer tells.
    if (isNews) heartbeat.beat();
  });

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
  const report = signer.finished({
    cause: stop.cause ?? 'exited',
    ...exitFields(outcome),
    ...(outcome.reason !== undefined && !stop.cause && { reason: outcome.reason }),
    ...(outcome.details !== undefined && !stop.cause && { details: detailsText(outcome.details) }),
    started_at: outcome.startedAt ?? begun,
    ended_at: endedAt,
    ...endRecord,
    maskings: mask.maskings,
    ...(mask.unmasked.length > 0 && { unmasked: mask.unmasked.slice(0, LIMITS.unmaskedNames) }),
    ...(stop.progress && { stop_progress: stop.progress }),
  });
  delivery.send('finished', [Buffer.from(report)]);
  await delivery.settle(args.patienceMs, () => overBy);
  heartbeat.close();
  return stop.cause ?? 'exited';

  async function runCommand(): Promise<CommandOutcome> {
    const isStopping = () => stop.cause !== undefined;
    const onStep = (step: Preparing | undefined) => (preparing = step);
    const prepared = await prepareRun({ answer, log, sandbox, isStopping, onStep });
    if (!prepared.ready) return prepared;
    log.system(`${RUNNER_PREFIX}command => ${sizeOf(answer.command)}; its text is in the record of the execution`);
    if (isStopping()) return {};
    try {
      command = await sandbox.startCommand(prepared.script, {
        cwd: prepared.cwd,
        env: commandEnvironment(order, answer, sandbox),
        onOutput: (stream, bytes) => log.output(stream, bytes),
        onOutputEnded: (stream) => log.outputEnded(stream),
      });
    } catch (error) {
      if (isStopping()) return {};
      log.system(`${RUNNER_PREFIX}the command could not be started: ${(error as Error).message}`);
      return { reason: 'spawn' };
    }
    gate.attach(command);
    const startedAt = now();
    const { leader } = command;
    if (leader) args.onStarted?.(leader);
    const end = await command.exited;
    gate.letEnd();
    // A stop may leave children that are still using their grace.
    if (stop.cause) await processes.gone();
    return { end, startedAt };
  }

  async function clearLeftovers(): Promise<void> {
    if (!stop.cause && command) await Promise.race([command.drained, pause(DRAIN_MS)]);
    const killed = await processes.killAll();
    if (killed > 0) {
      log.system(
        `${RUNNER_PREFIX}${killed === 1 ? '1 process' : `${killed} processes`} left behind by the command killed`,
      );
    }
    gate.clear();
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
function commandEnvironment(
  order: CourseArgs['order'],
  answer: BootstrapAnswer,
  sandbox: Sandbox,
): Record<string, string> {
  return {
    ...sandbox.env,
    // What the command tells of itself belongs below the span of the command; a run may name another trace.
    ...(answer.traceparent === undefined ? {} : { TRACEPARENT: answer.traceparent }),
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
      return `output limit of ${limits.max_log_bytes} bytes or ${mostLines(limits.max_log_bytes)} lines reached, later output is dropped`;
    case 'terminated':
      return 'terminated by the platform';
  }
}

/** As long as the protocol takes; a cut may not leave half a character. */
const detailsText = (text: string) => text.slice(0, 500).toWellFormed();

const inText = (ms: number) => (ms <= 0 ? 'at once' : `in ${Number((ms / 1_000).toFixed(1))} s`);

/** A log says that the command begins, and never what it is: lines lie in lanes that more people read than may see the command. */
function sizeOf(command: string): string {
  const lines = command.split('\n').length;
  return `${Buffer.byteLength(command)} bytes${lines > 1 ? ` in ${lines} lines` : ''}`;
}
