import { groupMarker, lastState, type LogLine } from '@runvoy/protocol';
import { TerminalFilter } from './terminal-filter.ts';
import { paint, type Terminal } from './terminal.ts';

const ERASE = '\r\x1b[K';
/** Something follows a carriage return. */
const STARTS_OVER = /\r[^\r]/;
/** Groups within groups are shown no deeper. */
const DEEPEST = 8;

type Output = 'stdout' | 'stderr';

/**
 * Puts a run's log where it belongs: the command's stdout to stdout, its stderr to stderr, everything of ours to stderr. To a pipe the
 * command's bytes go unchanged. On a terminal only what is safe there is shown, of progress its last state, and what stands in a group
 * under the group's name.
 */
export class Screen {
  readonly #terminal: Terminal;
  readonly #readerGone = new AbortController();
  readonly #filters: Readonly<Record<Output, TerminalFilter>>;
  /** The last thing written there was a piece of a line. */
  readonly #isOpen: Record<Output, boolean> = { stdout: false, stderr: false };
  /** The piece before ended with a carriage return. */
  readonly #startsOver: Record<Output, boolean> = { stdout: false, stderr: false };
  readonly #stampsLines: boolean;
  /** How many groups stand open. */
  #depth = 0;
  #note = '';

  constructor(terminal: Terminal, { timestamps = false }: { readonly timestamps?: boolean } = {}) {
    this.#terminal = terminal;
    this.#stampsLines = timestamps;
    const { wantsColour } = terminal;
    this.#filters = { stdout: new TerminalFilter({ wantsColour }), stderr: new TerminalFilter({ wantsColour }) };
    terminal.stdout.once('error', () => this.#readerGone.abort());
  }

  /** Aborts when whoever read stdout has left. */
  get readerGone(): AbortSignal {
    return this.#readerGone.signal;
  }

  /** Writes lines, those that follow each other to the same place in one piece. */
  lines(lines: readonly LogLine[]): void {
    this.#eraseNote();
    let pending = '';
    let pendingOn: Output = 'stdout';
    for (const line of lines) {
      const output: Output = line.stream === 'stdout' ? 'stdout' : 'stderr';
      if (output !== pendingOn) {
        this.#write(pendingOn, pending);
        pending = '';
        pendingOn = output;
      }
      pending += this.#lineText(output, line);
    }
    this.#write(pendingOn, pending);
  }

  /** One JSON object a line on stdout. */
  json(values: readonly unknown[]): void {
    let text = '';
    for (const value of values) text += `${JSON.stringify(value)}\n`;
    this.#write('stdout', text);
  }

  /** A line of ours that stays. */
  say(text: string, style: 'dim' | 'green' | 'red' | 'yellow' = 'dim'): void {
    this.#eraseNote();
    this.#write('stderr', `${this.#lineEnd()}${paint(this.#terminal, this.#terminal.stderr, style, text)}\n`);
    this.#isOpen.stderr = false;
  }

  /** A line of ours that the next one replaces; shown on a terminal only, and never into a line of the command. */
  note(text: string): void {
    const { stderr } = this.#terminal;
    if (!stderr.isTTY || text === this.#note) return;
    this.#eraseNote();
    if (text === '' || this.#isMidLine()) return;
    this.#note = text;
    // A note that wraps could not be erased.
    this.#write('stderr', paint(this.#terminal, stderr, 'dim', text.slice(0, Math.max(0, (stderr.columns || 80) - 1))));
  }

  /** Undefined when there is room for more; otherwise resolves when there is again, or when nobody reads any more. */
  full(): Promise<void> | undefined {
    const { stdout, stderr } = this.#terminal;
    const waiting = [stdout, stderr].filter((stream) => stream.writableNeedDrain && !stream.destroyed);
    if (waiting.length === 0 || this.readerGone.aborted) return undefined;
    return Promise.all(waiting.map((stream) => drained(stream, this.readerGone))).then(() => undefined);
  }

  #lineText(output: Output, line: LogLine): string {
    const stream = this.#terminal[output];
    const isBegun = this.#isOpen[output];
    this.#isOpen[output] = line.partial === true;
    const stamp = this.#stampsLines ? `${new Date(line.ms).toISOString()} ` : '';
    if (!stream.isTTY) return `${isBegun ? '' : stamp}${line.text}${line.partial ? '' : '\n'}`;
    const marker = isBegun || line.partial ? undefined : groupMarker(line.text);
    if (marker?.kind === 'end') {
      this.#depth = Math.max(0, this.#depth - 1);
      return '';
    }
    const indent = '  '.repeat(Math.min(this.#depth, DEEPEST));
    if (marker) this.#depth += 1;
    const safe = this.#filters[output].pass(marker ? `▸ ${marker.name}` : line.text);
    const isAgain = isBegun && (this.#startsOver[output] || STARTS_OVER.test(safe));
    this.#startsOver[output] = line.partial === true && safe.endsWith('\r');
    const style = marker ? 'bold' : line.stream === 'system' ? 'dim' : undefined;
    const state = lastState(safe);
    const shown = style ? paint(this.#terminal, stream, style, state) : state;
    const before = isBegun && !isAgain ? '' : `${isAgain ? ERASE : ''}${stamp}${indent}`;
    // An unfinished control sequence ends with its line.
    return `${before}${shown}${line.partial ? '' : this.#filters[output].pass('\n')}`;
  }

  /** Our own lines begin on a line of their own, in our own colours. */
  #lineEnd(): string {
    const { stdout, stderr } = this.#terminal;
    let text = '';
    for (const output of ['stdout', 'stderr'] as const) {
      if (stderr.isTTY && this.#terminal[output].isTTY && this.#filters[output].isColoured) text = '\x1b[0m';
      this.#filters[output].reset();
    }
    const isMidLine = this.#isOpen.stderr || (this.#isOpen.stdout && stdout.isTTY && stderr.isTTY);
    return isMidLine ? `${text}\n` : text;
  }

  #isMidLine(): boolean {
    return (this.#isOpen.stdout && this.#terminal.stdout.isTTY) || this.#isOpen.stderr;
  }

  #eraseNote(): void {
    if (this.#note === '') return;
    this.#note = '';
    this.#write('stderr', ERASE);
  }

  #write(output: Output, text: string): void {
    const stream = this.#terminal[output];
    if (text === '' || stream.destroyed || (output === 'stdout' && this.readerGone.aborted)) return;
    stream.write(text);
  }
}

function drained(stream: NodeJS.WriteStream, given: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      given.removeEventListener('abort', done);
      resolve();
    };
    stream.on('drain', done);
    stream.on('close', done);
    given.addEventListener('abort', done);
  });
}
