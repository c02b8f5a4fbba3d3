import { setTimeout as pause } from 'node:timers/promises';
import type { RunProcesses } from '../run-processes.ts';
import { CONTAINER_LABELS } from './container-arguments.ts';
import { type ContainerEngine, callEngine } from './container-engine.ts';
import type { ContainerPipes } from './container-pipes.ts';
import type { StepsShell } from './steps-shell.ts';

/** The processes of a run in a container: whoever is in it. Nobody outside needs to see them. */
export interface ContainerProcesses extends RunProcesses {
  /** Aborted by the first signal that comes before there is a container. */
  readonly early: AbortSignal;
  /** The engine was told to make the container; `ended` resolves when the engine's program has. */
  starting(pipes: ContainerPipes, ended: Promise<unknown>): void;
  /** It is there, and this shell in it does the steps. */
  started(shell: StepsShell): void;
}

/** The container's first process, the shell that does the steps, and the reader of the lifeline. */
const OURS = 3;
/** Of the shell's own: a tool would be a process, and the image may have none. The dead that nobody has buried do not count. */
const COUNT = [
  'count=0',
  'for each in /proc/[0-9]*; do',
  '  while read -r key state rest; do',
  '    case $key in State:) case $state in [ZX]*) ;; *) count=$((count+1)) ;; esac; break ;; esac',
  '  done 2>/dev/null <$each/status',
  'done',
  'echo $count',
].join('\n');
/** A shell that does not answer by then was stopped by the command. */
const COUNT_MS = 1_000;
/** How long an engine's program may take to notice the end. */
const NOTICE_MS = 3_000;
/** An engine that takes longer to list or remove a container hangs, and is asked anew. */
const ANSWER_MS = 20_000;

export function openContainerProcesses(
  engine: Pick<ContainerEngine, 'command' | 'env'>,
  {
    executionId,
    attempt,
    answerMs = ANSWER_MS,
    noticeMs = NOTICE_MS,
  }: { readonly executionId: string; readonly attempt: number; readonly answerMs?: number; readonly noticeMs?: number },
): ContainerProcesses {
  const call = (args: readonly string[]) => callEngine(engine, args, { withinMs: answerMs });
  const early = new AbortController();
  let pipes: ContainerPipes | undefined;
  let ended: Promise<unknown> = Promise.resolve();
  let shell: StepsShell | undefined;
  let removal: Promise<void> | undefined;

  /** Undefined when there is no shell to ask any more. */
  async function living(): Promise<number | undefined> {
    let answer: number | undefined;
    const code = await shell?.step(COUNT, (text) => (answer = Number(text)));
    return code === 0 && answer !== undefined ? Math.max(answer - OURS, 0) : undefined;
  }

  /** Until the engine says that there is no such container: with less nothing is proven. */
  async function remove(): Promise<void> {
    if (!pipes) return;
    pipes.cut();
    let isOver = false;
    const over = Promise.race([ended, pause(noticeMs, undefined, { ref: false })]).then(() => (isOver = true));
    // One that is still being made has nobody in it who hears of the end: it is looked for at once.
    if (shell) await over;
    for (let wait = 100; ; wait = Math.min(wait * 2, 5_000)) {
      // Looked up before the list is asked for: an engine that goes on may make the container after it.
      const wasOver = isOver;
      const found = await call([
        'ps',
        '--all',
        '--quiet',
        '--no-trunc',
        ...filter(CONTAINER_LABELS.execution, executionId),
        ...filter(CONTAINER_LABELS.attempt, String(attempt)),
      ]);
      if (found.ok && found.stdout === '' && wasOver) break;
      if (found.ok && found.stdout !== '') await call(['rm', '--force', '--volumes', ...found.stdout.split('\n')]);
      await pause(wait);
    }
    pipes.close();
  }

  return {
    early: early.signal,
    starting(of, engineEnded) {
      pipes = of;
      ended = engineEnded;
    },
    started: (steps) => void (shell = steps),
    signal(signal) {
      if (!shell) early.abort();
      else if (signal !== 'SIGKILL') return pipes?.order(signal.replace(/^SIG/, ''));
      // The first process ends with its lifeline, and everybody with it.
      pipes?.cut();
    },
    async killAll() {
      early.abort();
      const left = removal ? 0 : await Promise.race([living(), pause(COUNT_MS, 0, { ref: false })]);
      await (removal ??= remove());
      return left ?? 0;
    },
    async gone() {
      for (let wait = 20; ((await living()) ?? 0) > 0; wait = Math.min(wait * 2, 250)) await pause(wait);
    },
  };
}

const filter = (label: string, value: string) => ['--filter', `label=${label}=${value}`];
