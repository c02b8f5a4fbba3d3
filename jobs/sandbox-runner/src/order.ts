import type { ContainerEngine } from './isolation/container-engine.ts';

/** What every runner is told, whichever way. */
export interface AttemptOrder {
  readonly execution_id: string;
  readonly attempt: number;
  /** The one-time bootstrap token of this attempt. */
  readonly token: string;
  /** For the log of the run. */
  readonly isolation: string;
}

/**
 * What the spawner hands a waiting supervisor: one JSON line on stdin. Arguments and environment of a process can be read
 * by others, so the token never travels there.
 */
export interface RunOrder extends AttemptOrder {
  /** Path of the Unix socket, or a URL, that the runner messages go to. */
  readonly intake_socket: string;
  /** Directory of this attempt; everything the supervisor writes lies below it. */
  readonly run_dir: string;
  /** The image reference of the execution and its size, for an isolation that has images. */
  readonly image: string;
  readonly cpu: number;
  readonly memory_mib: number;
  /** `none`: the command reaches nothing. */
  readonly network?: 'none';
  /** The container engine; there is one when `isolation` is `container`. */
  readonly engine?: ContainerEngine;
  /** What a command may see of the host user's environment: PATH, HOME, USER, LANG. */
  readonly host_env: Readonly<Record<string, string>>;
}

/** Waits for the order; answers undefined when the pipe closes without one (the spawner is gone, or needs us no more). */
export async function readOrder(input: AsyncIterable<Buffer | string>): Promise<RunOrder | undefined> {
  let text = '';
  for await (const piece of input) {
    text += piece.toString();
    const end = text.indexOf('\n');
    if (end >= 0) return JSON.parse(text.slice(0, end)) as RunOrder;
  }
  return undefined;
}
