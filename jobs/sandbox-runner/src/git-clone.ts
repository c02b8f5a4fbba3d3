import { join } from 'node:path';
import type { CheckedSource } from './git-source.ts';
import type { Sandbox } from './isolation/sandbox.ts';

/** What became of a clone; no exit code means that a signal ended git, or that it could not be started. */
export type CloneOutcome = { readonly ok: true } | { readonly ok: false; readonly exitCode?: number };

interface CloneArgs {
  readonly source: CheckedSource;
  /** Where the clone goes; must not exist. */
  readonly target: string;
  /** A directory of git's own, outside the workspace; removed afterwards. */
  readonly scratch: string;
  readonly token: string | undefined;
  /** Git runs inside. Nothing but the PATH of its environment reaches git, which may be anywhere on it. */
  readonly sandbox: Sandbox;
  /** Asked before each git command. */
  readonly isStopping: () => boolean;
  readonly onLine: (text: string) => void;
}

/** Clones the last commit of a branch, a tag or a full commit id. Everything git says goes to `onLine`. */
export async function cloneRepository(args: CloneArgs): Promise<CloneOutcome> {
  const { source, target, scratch, sandbox } = args;
  await sandbox.makeDirectory(scratch);
  try {
    const env = await gitEnvironment(args);
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
    if (!args.isStopping()) await sandbox.remove(scratch);
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

async function gitEnvironment({ source, scratch, sandbox, token }: CloneArgs): Promise<Record<string, string>> {
  const config = join(scratch, 'config');
  // The owner of an allowed directory may be somebody else; git trusts such a directory only when its own configuration says so.
  const trusted = source.directory?.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n');
  await sandbox.writeNewFile(
    config,
    trusted === undefined ? '' : `[safe]\n\tdirectory = "${trusted}"\n\tdirectory = "${trusted}/.git"\n`,
  );
  const askpass = join(scratch, 'askpass');
  await sandbox.writeNewFile(askpass, ASKPASS, 0o700);
  if (token !== undefined && source.isGitHub) await sandbox.writeNewFile(join(scratch, 'token'), `${token}\n`);
  return {
    PATH: sandbox.tools.path,
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

async function runGit(command: string[], env: Record<string, string>, args: CloneArgs): Promise<CloneOutcome> {
  if (args.isStopping()) return { ok: false };
  const exitCode = await args.sandbox.runTool({
    argv: ['git', ...command],
    cwd: args.scratch,
    env,
    onLine: args.onLine,
  });
  return exitCode === 0 ? { ok: true } : exitCode === undefined ? { ok: false } : { ok: false, exitCode };
}
