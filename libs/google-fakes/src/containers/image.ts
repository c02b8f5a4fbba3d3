/** What stands behind an image reference. */
export type Image = {
  /** A directory that is the image's root file system, or `host`: the programs and libraries of this machine, read-only. */
  rootfs: string;
  entrypoint?: readonly string[];
  cmd?: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The uid (and gid) its containers run as; 0 unless told. Without root all are one's own uid outside. */
  user?: number;
  workdir?: string;
  /** Paths of this machine that the image holds besides, at the same place and read-only: a checkout, a Node. */
  readable?: readonly string[];
};

/** Image reference, as a container names it -> what it is. A reference that is not here does not exist. */
export type ImageTable = Record<string, Image>;

/** As an OCI runtime decides it: `command` replaces the entrypoint and then drops the image's cmd, `args` replaces the cmd. */
export function commandOf(image: Image, command: readonly string[], args: readonly string[]): string[] {
  if (command.length > 0) return [...command, ...args];
  return [...(image.entrypoint ?? []), ...(args.length > 0 ? args : (image.cmd ?? []))];
}
