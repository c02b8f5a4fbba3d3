import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { type CommandEnd, readCommandOutput } from '../command.ts';
import type { OutputPipes } from '../output-pipes.ts';
import { openRunProcesses } from '../run-processes.ts';
import { directoryInside, makeWorkspace, writeNewFile } from '../workspace.ts';
import { runTool } from './run-tool.ts';
import type { Sandbox } from './sandbox.ts';

/** A sandbox in name only: plain processes of this user, in sessions of their own, found again by session and marker. */
export function newProcessSandbox(args: {
  readonly executionId: string;
  readonly pathInRunDir: (name: string) => string;
  readonly hostEnv: Readonly<Record<string, string>>;
  readonly pipes: OutputPipes;
}): Sandbox {
  const processes = openRunProcesses(args.executionId);
  const env = { ...args.hostEnv, PATH: args.hostEnv['PATH'] ?? '/usr/local/bin:/usr/bin:/bin' };
  let workspace = args.pathInRunDir('workspace');

  return {
    get workspace() {
      return workspace;
    },
    scratch: args.pathInRunDir(''),
    tools: { path: env.PATH, scratch: args.pathInRunDir('') },
    env,
    limits: undefined,
    processes,
    async open() {
      workspace = makeWorkspace(workspace);
    },
    async makeDirectory(path) {
      mkdirSync(path, { mode: 0o700 });
    },
    async writeNewFile(path, text, mode) {
      return writeNewFile(path, text, mode);
    },
    async remove(path) {
      rmSync(path, { recursive: true, force: true });
    },
    async directoryInside(root, path) {
      return directoryInside(root, path);
    },
    runTool: (call) => runTool(call, processes),
    async startCommand(script, { cwd, env: commandEnv, ...on }) {
      const child = spawn('/bin/sh', ['-e', script], {
        cwd,
        env: commandEnv,
        stdio: ['ignore', args.pipes.stdout.writeFd, args.pipes.stderr.writeFd],
        detached: true,
      });
      const exited = new Promise<CommandEnd>((resolve) => {
        child.on('exit', (code, signal) => {
          processes.release(child.pid!);
          resolve({ code, signal });
        });
      });
      const started = new Promise<void>((resolve, reject) => child.on('spawn', resolve).on('error', reject));
      args.pipes.closeWriters();
      await started;
      const pid = child.pid!;
      // So short that it is a zombie already, it may still have left somebody in its session.
      const leader = processes.adopt(pid) ?? { pid, pgid: pid, session: pid, startTicks: 0 };
      return { leader, exited, ...readCommandOutput(args.pipes, on) };
    },
  };
}
