import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fchownSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Network } from '@runvoy/protocol';
import { type CommandEnd, readCommandOutput } from '../command.ts';
import type { OutputPipes } from '../output-pipes.ts';
import { type ProcessRow, readProcess } from '../process-table.ts';
import { INSIDE, INSIDE_PATH, bubblewrapArguments } from './bubblewrap-arguments.ts';
import { bubblewrapLimitsText } from './bubblewrap-limits.ts';
import { openNamespaceProcesses } from './namespace-processes.ts';
import type { Sandbox } from './sandbox.ts';
import { filesByShell } from './shell-files.ts';
import { shellWord } from './shell-word.ts';
import { type StepsShell, commandLine, openStepsShell } from './steps-shell.ts';

const INFO_FD = 3;
/** Root's commands run as nobody: the kernel does not count the processes of root, and root owns what it should not touch. */
const NOBODY = 65_534;

/**
 * A file system, processes and IPC of the run's own, made with bubblewrap. One bwrap holds it from the first step to the end,
 * so that clone and command share a workspace that is nowhere on the disk. bwrap dies with its supervisor, and all with bwrap.
 */
export function newBubblewrapSandbox(args: {
  readonly hostEnv: Readonly<Record<string, string>>;
  readonly pipes: OutputPipes;
  readonly network: Network;
}): Sandbox {
  const lang = args.hostEnv['LANG'];
  let bwrap: ChildProcess | undefined;
  let exited: Promise<CommandEnd> | undefined;
  let first: ProcessRow | undefined;
  let shell: StepsShell | undefined;
  const processes = openNamespaceProcesses(() => {
    if (first && readProcess(first.pid)?.startTicks === first.startTicks) kill(first.pid);
    bwrap?.kill('SIGKILL');
  });

  return {
    workspace: INSIDE.workspace,
    scratch: INSIDE.scratch,
    tools: { path: INSIDE_PATH, scratch: INSIDE.scratch },
    env: { PATH: INSIDE_PATH, HOME: INSIDE.workspace, USER: 'runvoy', ...(lang !== undefined && { LANG: lang }) },
    limits: bubblewrapLimitsText(args.network),
    processes,
    async open(readable) {
      const { stdout, stderr } = args.pipes;
      const isRoot = process.getuid?.() === 0;
      // `> /dev/stderr` opens the pipe anew, and asks whose it is.
      if (isRoot) for (const pipe of [stdout, stderr]) fchownSync(pipe.writeFd, NOBODY, NOBODY);
      const child = spawn(
        'bwrap',
        bubblewrapArguments({ readable, infoFd: INFO_FD, hasNetwork: args.network !== 'none' }),
        {
          cwd: '/',
          // Nothing of the run: bwrap itself is outside, and LD_PRELOAD would be heard.
          env: { PATH: args.hostEnv['PATH'] ?? INSIDE_PATH },
          // As COMMAND_FDS says: the command's own outputs come last.
          stdio: ['pipe', 'pipe', 'pipe', 'pipe', stdout.writeFd, stderr.writeFd],
          ...(isRoot && { uid: NOBODY, gid: NOBODY }),
          detached: true,
        },
      );
      bwrap = child;
      exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })));
      child.on('error', () => undefined);
      if (child.pid === undefined) {
        const [error] = (await once(child, 'error')) as [Error];
        throw new Error(`bubblewrap could not be started: ${error.message}`);
      }
      let complaint = '';
      child.stderr!.on('data', (piece: Buffer) => (complaint += piece.toString()));
      shell = openStepsShell(child.stdin!, child.stdout!);
      first = await firstProcess(child.stdio[INFO_FD] as Readable);
      if (first) processes.enter(first);
      if ((await shell.step('true')) !== 0) {
        const { code, signal } = await exited;
        throw new Error(complaint.trim() || `bubblewrap ended with ${signal ?? `exit code ${code}`}`);
      }
      // With the shell's, the sandbox holds them.
      args.pipes.closeWriters();
    },
    ...filesByShell(() => shell!),
    runTool({ argv, cwd, env, onLine }) {
      return shell!.step(`(cd -P -- ${shellWord(cwd)} && exec ${commandLine(argv, env)})`, onLine);
    },
    async startCommand(script, { cwd, env, ...on }) {
      // In a session of its own, so that a stop reaches its group and not the shell.
      const commandEnd = shell!.command(
        `(cd -P -- ${shellWord(cwd)} && exec setsid ${commandLine(['/bin/sh', '-e', script], env)})`,
      );
      return {
        // Its session has bwrap and the first process inside: with either, all ends.
        leader: bwrap?.pid === undefined ? undefined : readProcess(bwrap.pid),
        // The shell's word, or the end of everything.
        exited: commandEnd.then((code) => (code === undefined ? exited! : { code, signal: null })),
        ...readCommandOutput(args.pipes, on),
      };
    },
  };
}

/** bwrap says which process is the first inside. Undefined when it ended before. */
async function firstProcess(info: Readable): Promise<ProcessRow | undefined> {
  let text = '';
  try {
    for await (const piece of info) text += String(piece);
    return readProcess((JSON.parse(text) as { 'child-pid': number })['child-pid']);
  } catch {
    return undefined;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}
