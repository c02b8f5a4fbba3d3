import type { Screen } from './screen.ts';
import { wholeSecondsText, waitingText, type ShownState } from '@runvoy/sdk/texts';

/** A run whose first line comes sooner explains nothing. */
const PATIENCE_MS = { terminal: 400, pipe: 1_500 } as const;
const TICK_MS = 1_000;

/** Says why a run that is silent is silent: one line that is kept up to date on a terminal, plain lines on a change elsewhere. */
export class StateNotes {
  readonly #screen: Pick<Screen, 'say' | 'note'>;
  readonly #isTerminal: boolean;
  #text: string | undefined;
  #said: string | undefined;
  #waitingFor: string | undefined;
  #sinceMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(screen: Pick<Screen, 'say' | 'note'>, isTerminal: boolean) {
    this.#screen = screen;
    this.#isTerminal = isTerminal;
  }

  /** The state may have changed. */
  status(frame: ShownState): void {
    const text = waitingText(frame);
    if (text === this.#text) return;
    this.#text = text;
    // Another place in the queue is still the same waiting.
    if (frame.waiting_for === undefined || frame.waiting_for !== this.#waitingFor) this.#sinceMs = Date.now();
    this.#waitingFor = frame.waiting_for;
    clearTimeout(this.#timer);
    // A stop was asked for: whoever did wants to see at once how far it is. Its last step stays on the screen.
    if (frame.cancel?.confirmed !== undefined && text !== undefined) this.#say(text);
    else if (frame.cancel !== undefined) this.#show();
    else if (text === undefined) this.#screen.note('');
    else this.#showIn(this.#isTerminal ? PATIENCE_MS.terminal : PATIENCE_MS.pipe);
  }

  /** Nothing is to be explained any more. */
  close(): void {
    clearTimeout(this.#timer);
    this.#text = undefined;
    this.#screen.note('');
  }

  #showIn(ms: number): void {
    this.#timer = setTimeout(() => this.#show(), ms);
    this.#timer.unref();
  }

  #show(): void {
    const text = this.#text;
    if (text === undefined) return this.#screen.note('');
    if (!this.#isTerminal) return this.#say(text);
    const waitedMs = Date.now() - this.#sinceMs;
    this.#screen.note(waitedMs < TICK_MS ? text : `${text} · ${wholeSecondsText(Math.floor(waitedMs / 1000))}`);
    this.#showIn(TICK_MS);
  }

  #say(text: string): void {
    if (text === this.#said) return;
    this.#said = text;
    this.#screen.say(text);
  }
}
