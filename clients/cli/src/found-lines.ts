import { plainText, type LogHitBody, type LogLine } from '@runvoy/protocol';
import type { RunvoyClient } from '@runvoy/sdk/client';
import { lineOf } from '@runvoy/sdk/follow';
import type { Patiently } from './patiently.ts';
import { paint, type Terminal } from './terminal.ts';
import { TerminalFilter } from './terminal-filter.ts';

interface FoundIn {
  readonly api: Pick<RunvoyClient, 'logPart'>;
  readonly patiently: Patiently;
  readonly id: string;
  readonly terminal: Terminal;
  readonly json: boolean;
  /** How many lines are shown around each. */
  readonly context: number;
}

/** Lines to read, both included. */
interface Stretch {
  from: number;
  to: number;
}

/** The server gives no more lines at once. */
const LINES_A_READ = 1_000;

/**
 * Prints what a search found as `grep -n` does: `123:` before a line that was found, `122-` before one around it, `--` between stretches
 * that do not follow each other. To a pipe lines go as they are stored.
 */
export class FoundLines {
  readonly #in: FoundIn;
  readonly #plain = new TerminalFilter({ wantsColour: false });
  #printed = 0;

  constructor(foundIn: FoundIn) {
    this.#in = foundIn;
  }

  async print(hits: readonly LogHitBody[]): Promise<void> {
    const { json, context } = this.#in;
    if (json) return this.json(hits.map((hit) => ({ type: 'hit', ...hit })));
    if (context === 0) return this.#write(hits.map((hit) => this.#row(hit, hit)).join(''));
    const found = new Map(hits.map((hit) => [hit.seq, hit]));
    for (const { from, to } of stretchesAround(hits, context)) {
      // What was printed around the hits of the page before is not printed again.
      const begin = Math.max(from, this.#printed + 1);
      if (begin > to) continue;
      let text = this.#printed > 0 && begin > this.#printed + 1 ? '--\n' : '';
      for (const line of await this.#read(begin, to)) text += this.#row(line, found.get(line.seq));
      this.#printed = to;
      this.#write(text);
    }
  }

  /** Lines of which none was found. */
  plain(lines: readonly LogLine[]): void {
    this.#write(lines.map((line) => this.#row(line, undefined)).join(''));
  }

  json(values: readonly unknown[]): void {
    this.#write(values.map((value) => `${JSON.stringify(value)}\n`).join(''));
  }

  async #read(from: number, to: number): Promise<readonly LogLine[]> {
    const { api, patiently, id } = this.#in;
    const lines: LogLine[] = [];
    for (let after = from - 1; after < to; after += LINES_A_READ) {
      const part = { after, limit: Math.min(LINES_A_READ, to - after) };
      const { events } = await patiently(() => api.logPart(id, part));
      const through = Math.min(to, after + LINES_A_READ);
      for (const line of (events ?? []).map(lineOf)) if (line.seq <= through) lines.push(line);
    }
    return lines;
  }

  #row(line: LogLine, hit: LogHitBody | undefined): string {
    const { terminal } = this.#in;
    const mark = `${line.seq}${hit ? ':' : '-'}`;
    if (!terminal.stdout.isTTY) return `${mark}${line.text}\n`;
    return `${paint(terminal, terminal.stdout, 'dim', mark)}${hit ? this.#marked(hit) : this.#safe(line.text)}\n`;
  }

  /** The text as a terminal may show it, with what was found in colour. */
  #marked({ text, ranges }: LogHitBody): string {
    const { terminal } = this.#in;
    const plain = plainText(text);
    let shown = '';
    let at = 0;
    for (const { start, end, through } of ranges) {
      const from = plain.indexAt(start);
      const to = through === undefined ? plain.indexAt(end) : plain.text.length;
      shown += this.#safe(plain.text.slice(at, from));
      shown += paint(terminal, terminal.stdout, 'red', this.#safe(plain.text.slice(from, to)));
      at = to;
    }
    return shown + this.#safe(plain.text.slice(at));
  }

  #safe(text: string): string {
    const passed = this.#plain.pass(text.replaceAll('\r', ' '));
    this.#plain.pass('\n');
    return passed;
  }

  #write(text: string): void {
    if (text !== '' && !this.#in.terminal.stdout.destroyed) this.#in.terminal.stdout.write(text);
  }
}

function stretchesAround(hits: readonly LogHitBody[], context: number): readonly Stretch[] {
  const stretches: Stretch[] = [];
  for (const { seq } of hits) {
    const last = stretches.at(-1);
    const [from, to] = [Math.max(1, seq - context), seq + context];
    if (last && from <= last.to + 1) last.to = to;
    else stretches.push({ from, to });
  }
  return stretches;
}
