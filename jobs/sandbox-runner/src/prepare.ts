import { join } from 'node:path';
import type { BootstrapAnswer } from '@runvoy/protocol';
import { envFileText } from './env-file.ts';
import { cloneRepository } from './git-clone.ts';
import { RefusedSource, checkSource } from './git-source.ts';
import type { RunOrder } from './order.ts';
import type { RunDir } from './run-dir.ts';
import { RUNNER_PREFIX, type RunLog } from './run-log.ts';
import type { RunProcesses } from './run-processes.ts';
import { directoryInside, makeWorkspace, writeNewFile } from './workspace.ts';

/** Where the command can start, or why it cannot. */
export type Preparation =
  | { readonly ready: true; readonly cwd: string; readonly script: string }
  | { readonly ready: false; readonly reason: 'git_clone' | 'workspace'; readonly exitCode?: number };

interface PrepareArgs {
  readonly order: RunOrder;
  readonly answer: BootstrapAnswer;
  readonly dir: RunDir;
  readonly log: RunLog;
  readonly processes: RunProcesses;
  readonly isStopping: () => boolean;
}

/** Makes the workspace, writes `.env` and the script, fetches the repository. Says in the log what it does and what failed. */
export async function prepareRun(args: PrepareArgs): Promise<Preparation> {
  const { answer, dir, log } = args;
  try {
    const workspace = makeWorkspace(dir.path('workspace'));
    const env = envFileText({ ...answer.env, ...answer.secrets });
    if (env !== '') writeNewFile(join(workspace, '.env'), env);
    const script = dir.path('command.sh');
    writeNewFile(script, `${answer.command}\n`);
    if (!answer.git) return { ready: true, cwd: workspace, script };

    const repository = join(workspace, 'repo');
    const failure = await fetchRepository(args, repository);
    if (failure) return failure;
    if (env !== '' && !writeNewFile(join(repository, '.env'), env)) {
      log.system(`${RUNNER_PREFIX}the repository has its own .env; the run's is beside the clone, in ../.env`);
    }
    const cwd = directoryInside(repository, answer.git.path);
    log.system(
      `${RUNNER_PREFIX}checked out ${answer.git.url} ref=${answer.git.ref || '(default)'} path=${answer.git.path || '.'}`,
    );
    return { ready: true, cwd, script };
  } catch (error) {
    log.system(`${RUNNER_PREFIX}the workspace could not be prepared: ${(error as Error).message}`);
    return { ready: false, reason: 'workspace' };
  }
}

async function fetchRepository(args: PrepareArgs, target: string): Promise<Preparation | undefined> {
  const { order, answer, dir, log, processes, isStopping } = args;
  try {
    const outcome = await cloneRepository({
      source: checkSource(answer.git!, answer.git_roots ?? []),
      target,
      scratch: dir.path('git'),
      executionId: order.execution_id,
      searchPath: searchPath(order),
      token: gitHubToken(answer),
      processes,
      isStopping,
      onLine: (text) => log.system(`### runvoy git: ${text}`),
    });
    if (outcome.ok) return undefined;
    if (!isStopping()) log.system(`${RUNNER_PREFIX}the clone failed; the command was not started`);
    return { ready: false, reason: 'git_clone', ...(outcome.exitCode !== undefined && { exitCode: outcome.exitCode }) };
  } catch (error) {
    if (!(error instanceof RefusedSource)) throw error;
    log.system(`${RUNNER_PREFIX}the repository is refused: ${error.message}`);
    return { ready: false, reason: 'git_clone' };
  }
}

/** Where programs are looked for: as the host's user would. */
export function searchPath(order: RunOrder): string {
  return order.host_env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
}

function gitHubToken({ env, secrets }: BootstrapAnswer): string | undefined {
  return secrets['GITHUB_TOKEN'] ?? secrets['GH_TOKEN'] ?? env['GITHUB_TOKEN'] ?? env['GH_TOKEN'];
}
