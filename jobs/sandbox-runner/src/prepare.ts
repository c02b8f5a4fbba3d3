import { join } from 'node:path';
import type { BootstrapAnswer, PreparationReason, Preparing } from '@runvoy/protocol';
import { envFileText, isShellName } from './env-file.ts';
import { cloneRepository } from './git-clone.ts';
import { type CheckedSource, RefusedSource, checkSource } from './git-source.ts';
import { UnusableImage } from './isolation/container-image.ts';
import type { Sandbox } from './isolation/sandbox.ts';
import { RUNNER_PREFIX, type RunLog } from './run-log.ts';

/** Where the command can start, or why it cannot. */
export type Preparation =
  | { readonly ready: true; readonly cwd: string; readonly script: string }
  | {
      readonly ready: false;
      readonly reason: PreparationReason;
      readonly exitCode?: number;
      /** What is known of it, in the words of who refused. */
      readonly details?: string;
    };

interface PrepareArgs {
  readonly answer: BootstrapAnswer;
  readonly log: RunLog;
  readonly sandbox: Sandbox;
  readonly isStopping: () => boolean;
  /** Told what is being done; undefined when all of it is. */
  readonly onStep: (step: Preparing | undefined) => void;
}

/** Makes the workspace, writes `.env` and the script, fetches the repository. Says in the log what it does and what failed. */
export function prepareRun(args: PrepareArgs): Promise<Preparation> {
  args.onStep('isolation');
  return prepare(args).finally(() => args.onStep(undefined));
}

async function prepare(args: PrepareArgs): Promise<Preparation> {
  const { answer, log, sandbox } = args;
  try {
    const source = answer.git && checkSource(answer.git, answer.git_roots ?? []);
    await sandbox.open(source?.directory === undefined ? [] : [source.directory], (text, step) => {
      args.onStep(step);
      log.system(`${RUNNER_PREFIX}${text}`);
    });
    const { workspace } = sandbox;
    const variables = { ...answer.env, ...answer.secrets };
    const env = envFileText(variables);
    const leftOut = Object.keys(variables).filter((name) => !isShellName(name)).length;
    if (leftOut > 0) log.system(`${RUNNER_PREFIX}left out of .env, as their names are none for a shell: ${leftOut}`);
    if (env !== '') await sandbox.writeNewFile(join(workspace, '.env'), env);
    const script = join(sandbox.scratch, 'command.sh');
    await sandbox.writeNewFile(script, `${answer.command}\n`);
    if (!answer.git || !source) return { ready: true, cwd: workspace, script };

    const repository = join(workspace, 'repo');
    args.onStep('git_clone');
    const failure = await fetchRepository(args, source, repository);
    if (failure) return failure;
    if (env !== '' && !(await sandbox.writeNewFile(join(repository, '.env'), env))) {
      log.system(`${RUNNER_PREFIX}the repository has its own .env; the run's is beside the clone, in ../.env`);
    }
    const cwd = await sandbox.directoryInside(repository, answer.git.path);
    log.system(
      `${RUNNER_PREFIX}checked out ${answer.git.url} ref=${answer.git.ref || '(default)'} path=${answer.git.path || '.'}`,
    );
    return { ready: true, cwd, script };
  } catch (error) {
    if (error instanceof RefusedSource) {
      log.system(`${RUNNER_PREFIX}the repository is refused: ${error.message}`);
      return { ready: false, reason: 'git_clone' };
    }
    if (error instanceof UnusableImage) {
      if (!args.isStopping()) log.system(`${RUNNER_PREFIX}${error.message}`);
      return { ready: false, reason: error.reason, details: error.message };
    }
    if (!args.isStopping()) {
      log.system(`${RUNNER_PREFIX}the workspace could not be prepared: ${(error as Error).message}`);
    }
    return { ready: false, reason: 'workspace' };
  }
}

async function fetchRepository(
  { answer, log, sandbox, isStopping }: PrepareArgs,
  source: CheckedSource,
  target: string,
): Promise<Preparation | undefined> {
  const outcome = await cloneRepository({
    source,
    target,
    scratch: join(sandbox.tools.scratch, 'git'),
    sandbox,
    token: gitHubToken(answer),
    isStopping,
    onLine: (text) => log.system(`### runvoy git: ${text}`),
  });
  if (outcome.ok) return undefined;
  if (!isStopping()) log.system(`${RUNNER_PREFIX}the clone failed; the command was not started`);
  return { ready: false, reason: 'git_clone', ...(outcome.exitCode !== undefined && { exitCode: outcome.exitCode }) };
}

function gitHubToken({ env, secrets }: BootstrapAnswer): string | undefined {
  return secrets['GITHUB_TOKEN'] ?? secrets['GH_TOKEN'] ?? env['GITHUB_TOKEN'] ?? env['GH_TOKEN'];
}
