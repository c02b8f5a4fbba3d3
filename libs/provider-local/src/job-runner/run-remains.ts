import type { Clock } from '@runvoy/core';
import { type ProcessRow, bootId, carriesMarker, listProcesses, readProcess } from './process-table.ts';
import { type ContainerEngine, findContainers } from './container-engine.ts';
import type { Attempt, CommandFile, RunFiles, SupervisorFile } from './run-files.ts';

/** What lives of one attempt. */
export interface Remains {
  readonly supervisor: ProcessRow | undefined;
  /** The command's session and whoever carries the run's marker; looked for only when the supervisor is dead. */
  readonly processes: readonly ProcessRow[];
  /** Ids of the attempt's containers; likewise. */
  readonly containers: readonly string[];
}

/** Whether `file` names a process that lives, and not another one that was given its pid. */
export function livingSupervisor(file: SupervisorFile): ProcessRow | undefined {
  if (file.boot_id !== thisBoot()) return undefined;
  const row = readProcess(file.pid);
  return row?.startTicks === file.start_ticks ? row : undefined;
}

/** The process of that pid as its own `supervisor.json` would name it; one that is dead already names nothing. */
export function supervisorNow(pid: number): SupervisorFile {
  return { pid, start_ticks: readProcess(pid)?.startTicks ?? -1, boot_id: thisBoot() };
}

/** Every process that carries the marker of the execution: what is left to tell when the run's directory has gone. */
export function findMarked({ execution_id }: Attempt): ProcessRow[] {
  const marker = `RUNVOY_EXECUTION_ID=${execution_id}`;
  return listProcesses().filter((row) => carriesMarker(row.pid, marker));
}

/**
 * Looks for everything that lives of an attempt whose supervisor had begun. Rejects when nobody can tell, as when a container engine
 * does not answer.
 */
export async function findRemains(
  files: RunFiles,
  attempt: Attempt,
  supervisor: SupervisorFile,
  engineEnv: ContainerEngine['env'],
): Promise<Remains> {
  const living = livingSupervisor(supervisor);
  if (living) return { supervisor: living, processes: [], containers: [] };
  const processes = supervisor.boot_id === thisBoot() ? await findProcesses(files, attempt, supervisor) : [];
  // In this order: while the engine's program lives it may still make a container.
  const containers = await leftContainers(files, attempt, supervisor, engineEnv);
  return { supervisor: undefined, processes, containers };
}

async function findProcesses(files: RunFiles, attempt: Attempt, supervisor: SupervisorFile): Promise<ProcessRow[]> {
  const command = await files.read(attempt, 'command.json');
  const marker = `RUNVOY_EXECUTION_ID=${attempt.execution_id}`;
  const isOurs = sessionTest(command);
  return listProcesses().filter(
    (row) => row.startTicks >= supervisor.start_ticks && (isOurs(row) || carriesMarker(row.pid, marker)),
  );
}

/** None when the supervisor wrote down its end: it had the engine's word then that its container was gone. */
async function leftContainers(
  files: RunFiles,
  attempt: Attempt,
  { engine }: SupervisorFile,
  env: ContainerEngine['env'],
): Promise<string[]> {
  if (!engine || (await files.read(attempt, 'exit.json'))) return [];
  return findContainers({ command: engine, env }, attempt);
}

function sessionTest(command: CommandFile | undefined): (row: ProcessRow) => boolean {
  if (!command) return () => false;
  const leader = readProcess(command.pid);
  // The system gives a pid away again only when no session or group has that number any more: then nobody of ours is in it.
  if (leader && leader.startTicks !== command.start_ticks) return () => false;
  return (row) => row.session === command.pid && row.startTicks >= command.start_ticks;
}

/** Signals a process unless it is another one by now. */
export function signalSame(row: ProcessRow, signal: NodeJS.Signals): void {
  if (readProcess(row.pid)?.startTicks !== row.startTicks) return;
  try {
    process.kill(row.pid, signal);
  } catch {
    // Gone in between.
  }
}

/**
 * Ends what a dead supervisor left: SIGTERM, SIGKILL after the grace, until nothing lives. A container that outlived its supervisor
 * has kept its first process from ending, and gets no grace.
 */
export async function endRemains(
  find: () => Promise<Remains>,
  removeContainers: (ids: readonly string[]) => Promise<void>,
  clock: Clock,
  killAt: () => number,
  signal: AbortSignal,
): Promise<void> {
  for (const row of (await find()).processes) signalSame(row, 'SIGTERM');
  for (let waitMs = 20; !signal.aborted; waitMs = Math.min(waitMs * 2, 250)) {
    const { processes, containers } = await find();
    if (processes.length + containers.length === 0) return;
    await removeContainers(containers);
    if (clock.now() >= killAt()) for (const row of processes) signalSame(row, 'SIGKILL');
    await clock.sleep(waitMs, signal);
  }
}

let boot: string | undefined;
const thisBoot = () => (boot ??= bootId());
