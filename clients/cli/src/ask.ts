import { Problem } from './problem.ts';
import type { Terminal } from './terminal.ts';

const CTRL_C = '\x03';
const CTRL_D = '\x04';
const BACKSPACES = '\x7f\b';

/** Asks for lines on stdin; questions go to stderr. */
export class Asker {
  readonly #terminal: Terminal;
  #rest = '';

  constructor(terminal: Terminal) {
    this.#terminal = terminal;
  }

  /** One line, without its line feed. `isHidden`: on a terminal what is typed is not shown. */
  async ask(question: string, { isHidden = false }: { readonly isHidden?: boolean } = {}): Promise<string> {
    const { stdin, stderr } = this.#terminal;
    stderr.write(question);
    if (!stdin.isTTY) return this.#nextLine();
    if (!isHidden) return this.#nextLine();
    stdin.setRawMode(true);
    try {
      return await this.#hiddenLine();
    } finally {
      stdin.setRawMode(false);
      stderr.write('\n');
    }
  }

  close(): void {
    this.#terminal.stdin.pause();
  }

  async #nextLine(): Promise<string> {
    while (!this.#rest.includes('\n')) {
      const more = await this.#read();
      if (more === undefined) {
        const last = this.#rest;
        this.#rest = '';
        return last.trim();
      }
      this.#rest += more;
    }
    const at = this.#rest.indexOf('\n');
    const line = this.#rest.slice(0, at);
    this.#rest = this.#rest.slice(at + 1);
    return line.trim();
  }

  async #hiddenLine(): Promise<string> {
    let line = '';
    for (;;) {
      for (const char of (await this.#read()) ?? '\n') {
        if (char === CTRL_C) throw new Problem('nothing was changed.');
        if (char === '\r' || char === '\n' || char === CTRL_D) return line.trim();
        line = BACKSPACES.includes(char) ? line.slice(0, -1) : line + char;
      }
    }
  }

  /** Undefined at the end of the input. */
  #read(): Promise<string | undefined> {
    const { stdin } = this.#terminal;
    stdin.setEncoding('utf8');
    if (stdin.readableEnded) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const done = (text: string | undefined) => {
        stdin.off('data', onData);
        stdin.off('end', onEnd);
        stdin.pause();
        resolve(text);
      };
      const onData = (text: string) => done(text);
      const onEnd = () => done(undefined);
      stdin.on('data', onData);
      stdin.on('end', onEnd);
      stdin.resume();
    });
  }
}
