import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readCommandOutput } from '../../command.ts';
import { MARKER_NAME, openRunProcesses } from '../../run-processes.ts';
import { directoryInside, writeNewFile } from '../../workspace.ts';
import { runTool } from '../run-tool.ts';
import type { Sandbox } from '../sandbox.ts';
import { shellWord } from '../shell-word.ts';
import { type EntryLink, PIPES, openEntryLink } from './entry-link.ts';

/** A sandbox that is a container beside ours. */
export interface RunnerContainer extends Sandbox {
  /** All is told and delivered: lets the container end with the command's exit code, and waits a moment for it. */
  leave(): Promise<void>;
}

const ENTRY = fileURLToPath(new URL('./entry.sh', import.meta.url));
/** Its end is a matter of milliseconds, unless the platform has stopped it. */
const LEAVE_MS = 1_500;

/**
 * The user's image, as a container of the same task: it shares a volume with ours and runs `entry.sh` from it. Which user it runs as is
 * the image's secret, so everything on the volume is for everybody: nobody but the two containers sees it. Tools run here,
 * with a directory of their own that is not on the volume.
 */
export function newRunnerContainer(args: {
  readonly executionId: string;
  /** Where both containers see the volume. */
  readonly volume: string;
  /** A static busybox in our image. */
  readonly staticShell: string;
  readonly toolPath: string;
  /** Has the platform start the runner container. */
  readonly onReady: () => Promise<void>;
  /** The platform has sent the runner container a signal. */
  readonly onSignalled: () => void;
}): RunnerContainer {
  const inVolume = (...names: string[]) => join(args.volume, ...names);
  const toolScratch = mkdtempSync(join(tmpdir(), 'runvoy-'));
  const tools = openRunProcesses(`${args.executionId}.tools`);
  const cancelled = Promise.withResolvers<'cancelled'>();
  let link: EntryLink | undefined;
  let hasBegun = false;

  function widened(path: string, mode: number): number {
    return path.startsWith(`${args.volume}/`) ? mode | ((mode & 0o700) >> 3) | ((mode & 0o700) >> 6) : mode;
  }

  return {
    workspace: inVolume('workspace'),
    scratch: inVolume('run'),
    tools: { path: args.toolPath, scratch: toolScratch },
    // The image has its own PATH and HOME. Git refuses a clone that another user made unless its configuration says so.
    env: {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'safe.directory',
      GIT_CONFIG_VALUE_0: inVolume('workspace', 'repo'),
    },
    limits: undefined,
    processes: {
      signal(signal) {
        tools.signal(signal);
        cancelled.resolve('cancelled');
        if (!hasBegun) return;
        if (signal === 'SIGKILL') void link!.count('kill');
        else link!.order('term');
      },
      async killAll() {
        const killed = await tools.killAll();
        return killed + (hasBegun ? await link!.count('kill') : 0);
      },
      async gone() {
        await tools.gone();
        for (let wait = 20; hasBegun && (await link!.count('look')) > 0; wait = Math.min(wait * 2, 250)) {
          await pause(wait);
        }
      },
    },
    async open() {
      for (const name of ['bin', 'pipes', 'run']) mkdirSync(inVolume(name), { mode: 0o755 });
      mkdirSync(inVolume('workspace'), { mode: 0o777 });
      chmodSync(inVolume('workspace'), 0o777);
      const shell = inVolume('bin', 'busybox');
      copyFileSync(args.staticShell, shell);
      chmodSync(shell, 0o755);
      symlinkSync('busybox', inVolume('bin', 'sh'));
      copyFileSync(ENTRY, inVolume('entry.sh'));
      chmodSync(inVolume('entry.sh'), 0o755);
      execFileSync(shell, ['mkfifo', '-m', '666', ...PIPES.map((name) => inVolume('pipes', name))], { stdio: 'pipe' });
    },
    async makeDirectory(path) {
      mkdirSync(path, { mode: widened(path, 0o700) });
    },
    async writeNewFile(path, text, mode = 0o600) {
      return writeNewFile(path, text, widened(path, mode));
    },
    async remove(path) {
      rmSync(path, { recursive: true, force: true });
    },
    async directoryInside(root, path) {
      return directoryInside(root, path);
    },
    runTool: (call) => runTool(call, tools),
    async startCommand(script, { cwd, env, ...on }) {
      writeNewFile(inVolume('run', 'call.sh'), callText(script, cwd, env), 0o644);
      const opened = openEntryLink(inVolume('pipes'), args.onSignalled);
      link = opened;
      await args.onReady();
      if ((await Promise.race([opened.begun, cancelled.promise])) === 'cancelled') throw new Error('it was cancelled');
      hasBegun = true;
      opened.release();
      opened.output.closeWriters();
      opened.order('go');
      return { leader: undefined, exited: opened.ended, ...readCommandOutput(opened.output, on) };
    },
    async leave() {
      rmSync(toolScratch, { recursive: true, force: true });
      if (!link) return;
      link.order('drained');
      if (hasBegun) await Promise.race([link.closed, pause(LEAVE_MS)]);
    },
  };
}

/** For `entry.sh` to read: what it calls and with what. */
function callText(script: string, cwd: string, env: Readonly<Record<string, string>>): string {
  const settings = Object.entries(env).map(([name, value]) => shellWord(`${name}=${value}`));
  return [
    `marker=${shellWord(`${MARKER_NAME}=${env[MARKER_NAME]}`)}`,
    `cwd=${shellWord(cwd)}`,
    `script=${shellWord(script)}`,
    `set -- ${settings.join(' ')}`,
    '',
  ].join('\n');
}
