import { type ChildProcess, spawn } from 'node:child_process';
import type { Network } from '@runvoy/protocol';
import { type CommandEnd, readCommandOutput } from '../command.ts';
import { type ProcessRow, readProcess } from '../process-table.ts';
import { INSIDE, INSIDE_PATH } from './bubblewrap-arguments.ts';
import { containerArguments } from './container-arguments.ts';
import { type ContainerEngine, oneLine } from './container-engine.ts';
import { UnusableImage, engineImage } from './container-image.ts';
import { type ContainerSize, containerLimitsText } from './container-limits.ts';
import { type ContainerPipes, openContainerPipes } from './container-pipes.ts';
import { openContainerProcesses } from './container-processes.ts';
import type { Sandbox } from './sandbox.ts';
import { filesByShell } from './shell-files.ts';
import { shellWord } from './shell-word.ts';
import { type StepsShell, commandLine, exportsOf, openStepsShell } from './steps-shell.ts';

export interface ContainerSandboxArgs {
  readonly executionId: string;
  readonly attempt: number;
  readonly engine: ContainerEngine;
  /** The reference of the execution. */
  readonly image: string;
  readonly size: ContainerSize;
  readonly network: Network;
  readonly pathInRunDir: (name: string) => string;
  /** Told of the engine's program: one that pulls may outlive us, and one that runs may still make a container. */
  readonly onLeader: (leader: ProcessRow) => void;
}

const COMPLAINT_MAX = 4_096;

/**
 * A container of podman or docker that holds a run from its first step to its end. The engine starts it and clears it away; steps,
 * output and signals go through named pipes. So what a run brings is in no argument and no environment of the engine's program.
 */
export function newContainerSandbox(args: ContainerSandboxArgs): Sandbox {
  const { engine, image, network, size } = args;
  const processes = openContainerProcesses(engine, args);
  let pipes: ContainerPipes | undefined;
  let shell: StepsShell | undefined;
  let path = INSIDE_PATH;

  return {
    workspace: INSIDE.workspace,
    scratch: INSIDE.scratch,
    tools: {
      get path() {
        return path;
      },
      scratch: INSIDE.scratch,
    },
    get env() {
      return { PATH: path, HOME: INSIDE.workspace };
    },
    limits: containerLimitsText(size, engine, network),
    processes,
    async open(readable, say) {
      const imageId = await engineImage(image, { engine, signal: processes.early, say, onLeader: args.onLeader });
      say(`image => ${image} (${imageId})`, 'isolation');
      if (processes.early.aborted) throw new Error('stopped before there was a container');
      pipes = openContainerPipes(args.pathInRunDir('pipes'));
      const call = { ...args, imageId, pipes: pipes.directory, readable };
      const [program, ...options] = engine.command;
      const child = spawn(program, [...options, ...containerArguments(call)], {
        cwd: '/',
        env: engine.env,
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      });
      const started = startOf(child);
      processes.starting(pipes, started.ended);
      const leader = child.pid === undefined ? undefined : readProcess(child.pid);
      if (leader) args.onLeader(leader);
      const steps = openStepsShell(pipes.steps, pipes.answers);
      // The command's end tells nothing to a shell that waits for it; and what it starts may be told, unlike with an ignored signal.
      const answer = await Promise.race([
        steps.step('trap : TERM INT HUP QUIT'),
        started.ended,
        abortOf(processes.early),
      ]);
      if (answer === 'aborted') throw new Error('stopped before there was a container');
      if (answer !== 0) {
        // Of the two that tell of an end, the engine's program has the words.
        await started.ended;
        throw started.failure(image);
      }
      shell = steps;
      processes.started(steps);
      pipes.settle();
      await steps.step('printf "%s\\n" "$PATH"', (text) => (path = text || INSIDE_PATH));
    },
    ...filesByShell(() => shell!),
    async runTool({ argv, cwd, env, onLine }) {
      const [tool] = argv;
      if ((await shell!.step(`command -v ${shellWord(tool)} >/dev/null`)) !== 0) {
        onLine(`image ${image} has no ${tool}; choose one that has`);
        return undefined;
      }
      return shell!.step(`(cd -P -- ${shellWord(cwd)} && exec ${commandLine(argv, env)})`, onLine);
    },
    async startCommand(script, { cwd, env, ...on }) {
      const { exports, rest } = exportsOf(env);
      // The image's own environment stays below what the run brings.
      const commandEnd = shell!.command(
        `(cd -P -- ${shellWord(cwd)} || exit; ${exports} exec ${rest}/bin/sh -e ${shellWord(script)})`,
      );
      pipes!.output.closeWriters();
      const exited = commandEnd.then((code): CommandEnd => {
        if (code !== undefined) return { code, signal: null };
        // The shell is gone: whoever is left ends with the container.
        processes.signal('SIGKILL');
        return { code: null, signal: 'SIGKILL' };
      });
      return { leader: undefined, exited, ...readCommandOutput(pipes!.output, on) };
    },
  };
}

function abortOf(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    else signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}

/** Watches the engine's program until its container answers, or it has ended and said why. */
function startOf(child: ChildProcess): { readonly ended: Promise<'ended'>; failure(image: string): Error } {
  let complaint = '';
  let code: number | null = null;
  child.stderr!.on('data', (piece: Buffer) => (complaint = (complaint + piece.toString()).slice(-COMPLAINT_MAX)));
  const ended = new Promise<'ended'>((resolve) => {
    child.on('error', (error) => {
      complaint ||= error.message;
      resolve('ended');
    });
    child.on('close', (exitCode) => {
      code = exitCode;
      resolve('ended');
    });
  });
  return {
    ended,
    failure(image) {
      const words = oneLine(complaint) || `the engine's program ended with exit code ${code}`;
      if (/\/bin\/sh\b/.test(words)) {
        return new UnusableImage(
          'image_unusable',
          `image ${image} has no /bin/sh, which every command needs: ${words}`,
        );
      }
      return new Error(words);
    },
  };
}
