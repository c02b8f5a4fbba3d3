import { spawn } from 'node:child_process';
import { type CutLine, openLineCutter, textOf } from '../line-cutter.ts';
import { MARKER_NAME, type SessionProcesses } from '../run-processes.ts';
import type { ToolCall } from './sandbox.ts';

/** Runs a tool as a process of this machine, in a session of its own that `processes` can find and end. */
export function runTool(
  { argv: [file, ...rest], cwd, env, onLine }: ToolCall,
  processes: SessionProcesses,
): Promise<number | undefined> {
  return new Promise((resolve) => {
    const tool = spawn(file, rest, {
      cwd,
      env: { ...env, [MARKER_NAME]: processes.markerValue },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const take = (line: CutLine) => onLine(textOf(line));
    for (const output of [tool.stdout, tool.stderr]) {
      const cutter = openLineCutter();
      output.on('data', (bytes: Buffer) => cutter.push(bytes, take));
      output.on('end', () => cutter.end(take));
    }
    tool.on('error', (error: NodeJS.ErrnoException) => {
      onLine(error.code === 'ENOENT' ? `${file} is not installed here` : error.message);
      resolve(undefined);
    });
    if (tool.pid === undefined) return;
    const { pid } = tool;
    processes.adopt(pid);
    tool.on('exit', () => processes.release(pid));
    tool.on('close', (code) => resolve(code ?? undefined));
  });
}
