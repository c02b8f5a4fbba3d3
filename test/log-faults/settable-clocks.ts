import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { poll } from '../../services/standalone/test/server.ts';

const PRELOAD = fileURLToPath(new URL('clock-preload.ts', import.meta.url));

/** Clocks of other processes, each of which can be set by itself. */
export interface SettableClocks {
  readonly directory: string;
  /** What a process has to be started with. */
  readonly env: Readonly<Record<'RUNVOY_TEST_CLOCKS' | 'NODE_OPTIONS', string>>;
  /** Sets the clock of a process so far ahead of the machine's; resolves when the process has it so. */
  set(pid: number, aheadMs: number): Promise<void>;
  /** The same for the sidecar of an execution, which cannot say when it has it so. */
  setSidecar(executionId: string, aheadMs: number): void;
}

/** Clocks that are kept in a new directory; sidecars look into it as whatever user they are. */
export function openSettableClocks(directory: string): SettableClocks {
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  const write = (name: string, aheadMs: number) => writeFileSync(join(directory, name), String(aheadMs));
  const taken = (pid: number) => join(directory, `${pid}.taken`);
  return {
    directory,
    env: { RUNVOY_TEST_CLOCKS: directory, NODE_OPTIONS: `--import=${PRELOAD}` },
    async set(pid, aheadMs) {
      write(String(pid), aheadMs);
      await poll(() => (existsSync(taken(pid)) && readFileSync(taken(pid), 'utf8') === String(aheadMs)) || undefined);
    },
    setSidecar: write,
  };
}
