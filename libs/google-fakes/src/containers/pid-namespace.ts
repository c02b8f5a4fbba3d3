import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A process namespace that several containers join; whatever lives in it dies on `release`. */
export type PidNamespace = { pid: number; release(): void };

/** Needs root: only root may put processes of other users into one namespace. */
export async function holdPidNamespace(): Promise<PidNamespace> {
  // The holder is process 1 there: it waits for its input to end, and reaps what is left behind by others.
  const holder = spawn(
    'unshare',
    ['--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', 'echo ready; cat >/dev/null'],
    {
      stdio: ['pipe', 'pipe', 'ignore'],
    },
  );
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'error').then(([failure]) => Promise.reject(failure as Error)),
  ]);
  const pid = Number(readFileSync(`/proc/${holder.pid}/task/${holder.pid}/children`, 'utf8').trim().split(' ')[0]);
  return {
    pid,
    release: () => {
      holder.kill('SIGKILL');
      holder.stdin.destroy();
    },
  };
}
