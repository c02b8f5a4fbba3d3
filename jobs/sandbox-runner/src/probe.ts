import { setTimeout as pause } from 'node:timers/promises';
import { newSandbox } from './isolation/new-sandbox.ts';
import type { OutputPipes } from './output-pipes.ts';

/** What a probe found: nothing, or why there is no such isolation here. */
export interface ProbeAnswer {
  readonly isolation: string;
  readonly why?: string;
}

/** A probe that takes longer has failed. */
const PROBE_MS = 10_000;

/**
 * Opens a sandbox exactly as for a run, and looks from inside whether it hides `hidden` and takes files and processes.
 * A version number or the presence of a tool would prove nothing.
 */
export async function probeIsolation(isolation: string, hidden: string, pipes: OutputPipes): Promise<ProbeAnswer> {
  const sandbox = newSandbox(
    { isolation, execution_id: 'probe', host_env: { PATH: process.env['PATH'] ?? '' } },
    { pipes, pathInRunDir: (name) => name },
  );
  const said: string[] = [];
  async function tryOut(): Promise<string | undefined> {
    await sandbox.open([]);
    await sandbox.writeNewFile(`${sandbox.workspace}/probe`, 'works');
    const code = await sandbox.runTool({
      argv: ['/bin/sh', '-ec', 'test ! -e "$HIDDEN"; test "$$" -lt 1000; cat probe | cat'],
      cwd: sandbox.workspace,
      env: { PATH: sandbox.env['PATH']!, HIDDEN: hidden },
      onLine: (text) => said.push(text),
    });
    return code === 0 && said.join() === 'works' ? undefined : `it does not hide ${hidden}, or cannot run a command`;
  }
  try {
    const late = pause(PROBE_MS, `no answer in ${PROBE_MS / 1000} s`, { ref: false });
    const why = await Promise.race([tryOut(), late]);
    return why === undefined ? { isolation } : { isolation, why };
  } catch (error) {
    return { isolation, why: (error as Error).message };
  } finally {
    await sandbox.processes.killAll();
  }
}
