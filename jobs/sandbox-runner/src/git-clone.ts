import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CheckedSource } from './git-source.ts';
import { openLineCutter } from './line-cutter.ts';
import { MARKER_NAME, type RunProcesses } from './run-processes.ts';
import { writeNewFile } from './workspace.ts';

/** What became of a clone; no exit code means that a signal ended git, or that it could not be started. */
export type CloneOutcome = { readonly ok: true } | { readonly ok: false; readonly exitCode?: number };

interface CloneArgs {
  readonly source: CheckedSource;
  /** Where the clone goes; must not exist. */
  readonly target: string;
  /** A directory of git's own, outside the workspace; removed afterwards. */
  readonly scratch: string;
  readonly executionId: string;
  /** The host's PATH: git may be anywhere. Nothing else of the environment reaches git. */
  readonly searchPath: string;
  readonly token: string | undefined;
  readonly processes: RunProcesses;
  /** Asked before each git command. */
  readonly isStopping: () => boolean;
  readonly onLine: (text: string) => void;
}

/** Clones the last commit of a branch, a tag or a full commit id. Everything git says goes to `onLine`. */
export async function cloneRepository(args: CloneArgs): Promise<CloneOutcome> {
  const { source, target, scratch } = args;
  mkdirSync(scratch, { mode: 0o700 });
  try {
    const env = gitEnvironment(args);
    const git = (...command: string[]) => runGit([...SAFE_CONFIG, ...command], env, args);
    if (!source.isCommit) {
      const branch = source.ref === '' ? [] : ['--branch', source.ref];
      return await git('clone', '--depth', '1', ...branch, '--', source.url, target);
    }
    for (const command of [
      ['init', '--quiet', target],
      ['-C', target, 'remote', 'add', 'origin', source.url],
      ['-C', target, 'fetch', '--depth', '1', '--no-recurse-submodules', 'origin', source.ref],
      ['-C', target, 'checkout', '--quiet', '--detach', 'FETCH_HEAD'],
    ]) {
      const outcome = await git(...command);
      if (!outcome.ok) return outcome;
    }
    return { ok: true };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Nothing that comes with a repository may run, and nothing may be remembered. */
const SAFE_CONFIG = [
  ['core.hooksPath', '/dev/null'],
  ['core.fsmonitor', 'false'],
  ['submodule.recurse', 'false'],
  ['credential.helper', ''],
  ['init.templateDir', ''],
  ['advice.detachedHead', 'false'],
  ['init.defaultBranch', 'main'],
].flatMap(([name, value]) => ['-c', `${name}=${value}`]);

function gitEnvironment({ source, scratch, executionId, searchPath, token }: CloneArgs): Record<string, string> {
  const config = join(scratch, 'config');
  // The owner of an allowed directory may be somebody else; git trusts such a directory only when its own configuration says so.
  const trusted = source.directory?.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
  writeNewFile(
    config,
    trusted === undefined ? '' : `[safe]\n\tdirectory = "${trusted}"\n\tdirectory = "${trusted}/.git"\n`,
  );
  const askpass = join(scratch, 'askpass');
  writeNewFile(askpass, ASKPASS, 0o700);
  if (token !== undefined && source.isGitHub) writeNewFile(join(scratch, 'token'), `${token}\n`);
  return {
    PATH: searchPath,
    HOME: scratch,
    LC_ALL: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: config,
    // Also holds for redirects.
    GIT_ALLOW_PROTOCOL: source.protocol,
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: askpass,
    GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
    GIT_LFS_SKIP_SMUDGE: '1',
    [MARKER_NAME]: executionId,
  };
}

/**
 * Answers git's questions for github.com alone, from a file: arguments and environments can be read by others.
 * Another host, reached by a redirect, gets nothing.
 */
const ASKPASS = `#!/bin/sh
case "$1" in
"Username for 'https://github.com': ") echo x-access-token ;;
"Password for 'https://x-access-token@github.com': ") cat "\${0%/*}/token" ;;
*) exit 1 ;;
esac
`;

function runGit(command: string[], env: Record<string, string>, args: CloneArgs): Promise<CloneOutcome> {
  if (args.isStopping()) return Promise.resolve({ ok: false });
  return new Promise((resolve) => {
    const git = spawn('git', command, { cwd: args.scratch, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    for (const output of [git.stdout, git.stderr]) {
      const cutter = openLineCutter();
      output.on('data', (bytes: Buffer) => cutter.push(bytes).forEach(({ text }) => args.onLine(text)));
      output.on('end', () => cutter.end().forEach(({ text }) => args.onLine(text)));
    }
    git.on('error', (error: NodeJS.ErrnoException) => {
      args.onLine(error.code === 'ENOENT' ? 'git is not installed here' : error.message);
      resolve({ ok: false });
    });
    if (git.pid === undefined) return;
    const { pid } = git;
    args.processes.adopt(pid);
    git.on('exit', () => args.processes.release(pid));
    git.on('close', (code) => {
      resolve(code === 0 ? { ok: true } : code === null ? { ok: false } : { ok: false, exitCode: code });
    });
  });
}
