import { readdirSync, readFileSync } from 'node:fs';

/** Pids of living processes that carry the run's marker, on this machine and in any namespace of it. */
export function livingProcesses(executionId: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        const isZombie = /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
        const marker = `RUNVOY_EXECUTION_ID=${executionId}`;
        return !isZombie && readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').includes(marker);
      } catch {
        return false;
      }
    });
}
