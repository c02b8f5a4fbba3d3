import { lineOfRaw, rawText, type RawLine } from '@runvoy/core';
import { awaitedText, missingText, type LogGap, type LogLine } from '@runvoy/protocol';
import { CollapsedProgress } from './collapsed-progress.ts';

/** How a text shows its lines. */
export interface TextForm {
  /** Each line behind its time, RFC 3339. */
  readonly timestamps: boolean;
  /** Of a line that starts over with carriage returns only its last state. */
  readonly collapse: boolean;
}

/** Lines as text, collected in bytes. */
export class WrittenText {
  readonly #timestamps: boolean;
  readonly #progress: CollapsedProgress | undefined;
  /** A character a byte. */
  #text = '';
  #isMidLine = false;

  constructor({ timestamps, collapse }: TextForm) {
    this.#timestamps = timestamps;
    this.#progress = collapse ? new CollapsedProgress() : undefined;
  }

  take(line: RawLine): void {
    if (this.#progress) this.#show(this.#progress.take(lineOfRaw(line)));
    else this.#add(line.ms, rawText(line), line.partial);
  }

  /** Names lines that are missing, or not here yet, on a line of their own. */
  missed(gap: LogGap, mayCome: boolean): void {
    this.end();
    this.#text += `${this.#isMidLine ? '\n' : ''}${mayCome ? awaitedText(gap) : missingText(gap)}\n`;
    this.#isMidLine = false;
  }

  /** What is held back will not be continued. */
  end(): void {
    if (this.#progress) this.#show(this.#progress.end());
  }

  /** What came since it was asked last. */
  bytes(): Buffer {
    const bytes = Buffer.from(this.#text, 'latin1');
    this.#text = '';
    return bytes;
  }

  #show(lines: readonly LogLine[]): void {
    for (const { ms, text, partial = false } of lines) this.#add(ms, Buffer.from(text).toString('latin1'), partial);
  }

  #add(ms: number | string, text: string, partial: boolean): void {
    if (this.#timestamps) this.#text += `${new Date(Number(ms)).toISOString()} `;
    this.#text += text;
    if (!partial) this.#text += '\n';
    this.#isMidLine = partial;
  }
}
