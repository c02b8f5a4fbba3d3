/** Where this process reads and writes, and what may be shown there. */
export interface Terminal {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  /** A person can press Ctrl-C and read the answer. */
  readonly isInteractive: boolean;
  /** Colours are wanted; whether a stream can show them is its own matter. */
  readonly wantsColour: boolean;
}

/** Looks at the streams of this process. */
export function openTerminal(
  { stdin, stdout, stderr }: Pick<Terminal, 'stdin' | 'stdout' | 'stderr'>,
  env: NodeJS.ProcessEnv,
  noColour: boolean,
): Terminal {
  return {
    stdin,
    stdout,
    stderr,
    isInteractive: stdin.isTTY && stderr.isTTY,
    wantsColour: !noColour && !env['NO_COLOR'] && env['TERM'] !== 'dumb',
  };
}

const SGR = { dim: [2, 22], bold: [1, 22], red: [31, 39], green: [32, 39], yellow: [33, 39] } as const;

/** `text` in a colour when the stream shows it. */
export function paint(terminal: Terminal, stream: NodeJS.WriteStream, style: keyof typeof SGR, text: string): string {
  if (!terminal.wantsColour || !stream.isTTY) return text;
  const [on, off] = SGR[style];
  return `\x1b[${on}m${text}\x1b[${off}m`;
}
