import { spawn } from 'node:child_process';
import { InfraProblem } from './infra-problem.ts';
import type { Interruptions } from './interruptions.ts';

/** How a program ended. `status` is undefined when a signal ended it. */
export interface Ended {
  readonly status: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  /** What it reads on stdin; nothing unless given. */
  readonly input?: string;
  /** Variables besides our own. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What it says is shown as it comes, besides being kept. */
  readonly isShown?: boolean;
}

export type ProgramName = 'terraform' | 'gcloud';

/** Terraform and gcloud, as `runvoy infra` starts them: a port, so that a test decides what they answer. */
export interface Programs {
  /** Runs to the end, whatever the end is. Throws `InfraProblem` when there is no such program on this machine. */
  run(program: ProgramName, args: readonly string[], options?: RunOptions): Promise<Ended>;
}

/** Where each comes from. */
export const INSTALL: Readonly<Record<ProgramName, string>> = {
  terraform: 'https://developer.hashicorp.com/terraform/install',
  gcloud: 'https://cloud.google.com/sdk/docs/install',
};

/** Nobody is asked by them: what is to be asked is asked before. */
const QUIET = { CLOUDSDK_CORE_DISABLE_PROMPTS: '1', TF_IN_AUTOMATION: '1', TF_INPUT: '0', CHECKPOINT_DISABLE: '1' };

/**
 * The programs of this machine. An interruption is handed on to the one that runs, as SIGINT: Terraform then ends what it has begun, keeps
 * what it has made, and lets go of the state. Nothing is killed from here.
 */
export function programsHere(show: (text: string) => void, interruptions: Interruptions): Programs {
  return {
    run: (program, args, { input = '', env, cwd, isShown = false } = {}) =>
      new Promise((resolve, reject) => {
        const child = spawn(program, args, {
          env: { ...process.env, ...QUIET, ...env },
          ...(cwd === undefined ? {} : { cwd }),
        });
        const letGo = interruptions.onSignal((isSeenByAll) => isSeenByAll || child.kill('SIGINT'));
        const kept = { stdout: '', stderr: '' };
        for (const name of ['stdout', 'stderr'] as const) {
          child[name].setEncoding('utf8').on('data', (text: string) => {
            kept[name] += text;
            if (isShown) show(text);
          });
        }
        // One that reads nothing may have closed it.
        child.stdin.on('error', () => undefined).end(input);
        child.on('error', (cause: NodeJS.ErrnoException) => {
          letGo();
          reject(notStarted(program, cause));
        });
        child.on('close', (code) => {
          letGo();
          resolve({ status: code ?? undefined, ...kept });
        });
      }),
  };
}

/** Why a program could not be started, and where it comes from when there is none. */
export function notStarted(program: ProgramName, cause: NodeJS.ErrnoException): InfraProblem {
  if (cause.code !== 'ENOENT') return new InfraProblem(`${program} could not be started: ${cause.message}`, { cause });
  return new InfraProblem(`There is no ${program} on this machine: ${INSTALL[program]}`, { cause });
}
