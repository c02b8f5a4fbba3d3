import type { LogEntry } from '../log-entry.ts';
import type { CloudRunFaults } from './faults.ts';

/** Delivers completion entries some time after the fact, and lets the faults have their way with them. */
export class CompletionEvents {
  readonly #write: (entry: LogEntry) => void;
  readonly #lagMs: number;
  readonly #faults: CloudRunFaults;
  readonly #timers = new Set<NodeJS.Timeout>();
  /** Waits for the next one to overtake it. */
  #swapped: LogEntry | undefined;

  constructor(write: (entry: LogEntry) => void, lagMs: number, faults: CloudRunFaults) {
    this.#write = write;
    this.#lagMs = lagMs;
    this.#faults = faults;
  }

  emit(entry: LogEntry): void {
    const fault = this.#faults.takeEvent();
    if (fault === 'drop') return;
    if (fault === 'swap') {
      this.#swapped = entry;
      return;
    }
    this.#after(this.#lagMs + (typeof fault === 'object' ? fault.delayMs : 0), entry);
    if (fault === 'duplicate') this.#after(this.#lagMs, entry);
    if (this.#swapped) this.#after(this.#lagMs, this.#swapped);
    this.#swapped = undefined;
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #after(ms: number, entry: LogEntry): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#write(entry);
    }, ms);
    this.#timers.add(timer);
  }
}
