import {
  constants,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { PreparationReason } from '@runvoy/protocol';

/** `supervisor.json`: who watches this attempt. Start ticks and boot id tell a reused pid from the real one. */
export interface SupervisorFile {
  readonly pid: number;
  readonly start_ticks: number;
  readonly boot_id: string;
  readonly execution_id: string;
  readonly attempt: number;
  readonly started_ms: number;
  /** The engine's command line, when the run is in a container: a later server asks it what is left. */
  readonly engine?: readonly string[];
}

/** `command.json`: the process group, also the session, of the command; of a container, of the engine's program that pulls or makes it. */
export interface CommandFile {
  readonly pid: number;
  readonly pgid: number;
  readonly start_ticks: number;
}

/** `exit.json`: the supervisor's very last act. */
export interface ExitFile {
  readonly at_ms: number;
  readonly kind: 'exited' | 'cancelled';
  readonly reason?: PreparationReason;
  readonly details?: string;
}

/** `stop.json`: written by the server before it sends SIGTERM, so that a cancel can be told from a shutdown of the machine. */
export interface StopFile {
  readonly grace_ms: number;
}

/** The state files of one attempt; the server and a later server read them. */
export interface RunDir {
  path(name: string): string;
  /** False when another supervisor has this attempt: an order may be handed out twice, a command may not. */
  claim(file: SupervisorFile): boolean;
  write(name: 'command.json', file: CommandFile): void;
  write(name: 'exit.json', file: ExitFile): void;
  readStop(): StopFile | undefined;
}

/** Opens (and makes, 0700) the directory of one attempt. */
export function openRunDir(root: string): RunDir {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const path = (name: string) => join(root, name);

  /** Writes the file beside its place, has `putInPlace` bring it there, and leaves nothing beside when either fails. */
  function writeAside(name: string, file: object, putInPlace: (aside: string) => void): void {
    const aside = path(`${name}.${process.pid}`);
    const fd = openSync(
      aside,
      constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
      0o600,
    );
    try {
      try {
        // Until all is written: a disk that is nearly full takes a part.
        writeFileSync(fd, `${JSON.stringify(file)}\n`);
      } finally {
        closeSync(fd);
      }
      putInPlace(aside);
    } finally {
      rmSync(aside, { force: true });
    }
  }

  return {
    path,
    claim(file) {
      try {
        // A link is both atomic and exclusive; a rename would silently replace the other supervisor's file.
        writeAside('supervisor.json', file, (aside) => linkSync(aside, path('supervisor.json')));
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw error;
      }
    },
    write(name: string, file: object) {
      writeAside(name, file, (aside) => renameSync(aside, path(name)));
    },
    readStop() {
      try {
        const stop = JSON.parse(readFileSync(path('stop.json'), 'utf8')) as StopFile;
        return Number.isFinite(stop.grace_ms) ? stop : undefined;
      } catch {
        return undefined;
      }
    },
  };
}
