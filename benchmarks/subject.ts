import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What a measured process says of itself. */
export interface Usage {
  /** CPU time used so far, user and system, s. */
  readonly cpuS: number;
  readonly rssBytes: number;
}

/** Something measured in a process of its own, so that whoever puts load on it does not count. */
export interface Subject extends AsyncDisposable {
  /** What its file sent when it was ready. */
  readonly ready: Record<string, string>;
  usage(): Promise<Usage>;
}

/** Starts a file of `subjects/`, which calls `reportToBench` when it is ready. */
export async function openSubject(file: string, ...args: readonly string[]): Promise<Subject> {
  const child: ChildProcess = fork(fileURLToPath(new URL(`subjects/${file}.ts`, import.meta.url)), [...args]);
  const [ready] = (await once(child, 'message')) as [Record<string, string>];
  return {
    ready,
    async usage() {
      child.send('usage');
      const [usage] = (await once(child, 'message')) as [Usage];
      return usage;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

/** In the subject: says that it is ready, and from then on what it uses whenever it is asked. */
export function reportToBench(ready: Record<string, string>): void {
  process.on('message', () => {
    const { user, system } = process.cpuUsage();
    process.send!({ cpuS: (user + system) / 1e6, rssBytes: process.memoryUsage.rss() } satisfies Usage);
  });
  process.send!(ready);
}
