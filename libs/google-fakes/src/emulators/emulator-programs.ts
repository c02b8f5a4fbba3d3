import { accessSync, constants, existsSync, realpathSync } from 'node:fs';
import { delimiter, join } from 'node:path';

export type EmulatorKind = 'firestore' | 'pubsub';

/** A command with its arguments. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/**
 * Where the Cloud SDK keeps the start scripts that `gcloud emulators ... start` runs itself. Called directly they spare a
 * Python process and its start, and gcloud asks nothing and writes no configuration.
 */
const SCRIPTS: Record<EmulatorKind, string> = {
  firestore: 'platform/cloud-firestore-emulator/cloud_firestore_emulator',
  pubsub: 'platform/pubsub-emulator/bin/cloud-pubsub-emulator',
};

/** The command that serves this emulator on a loopback port. Throws an error that says what to install. */
export function emulatorProgram(kind: EmulatorKind, port: number): Program {
  const why = whyNoEmulator(kind);
  if (why !== undefined) throw new Error(`The ${kind} emulator cannot start: ${why}.`);
  const where = ['--host=127.0.0.1', `--port=${port}`];
  return { command: scriptOf(kind) ?? '', args: kind === 'firestore' ? ['start', ...where] : where };
}

/** What keeps the official emulators from starting here, in words for a skipped test's title; nothing when they can start. */
export function whyNoEmulators(): string | undefined {
  return whyNoEmulator('firestore') ?? whyNoEmulator('pubsub');
}

function whyNoEmulator(kind: EmulatorKind): string | undefined {
  if (onPath('java') === undefined) return 'no java on this machine';
  if (onPath('gcloud') === undefined) return 'no gcloud on this machine';
  if (scriptOf(kind) === undefined) return `no ${kind} emulator beside gcloud (install its component)`;
  return undefined;
}

function scriptOf(kind: EmulatorKind): string | undefined {
  const gcloud = onPath('gcloud');
  if (gcloud === undefined) return undefined;
  // <sdk>/bin/gcloud, behind the links that packages make.
  const script = join(realpathSync(gcloud), '../..', SCRIPTS[kind]);
  return existsSync(script) ? script : undefined;
}

function onPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => join(folder, name))
    .find((file) => isExecutable(file));
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
