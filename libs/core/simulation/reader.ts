import { isTerminal, signedRows, type LogLine } from '@runvoy/protocol';
import { executionRef } from '../src/executions/execution.ts';
import { isLogSettled } from '../src/executions/finish-execution.ts';
import { Failure } from '../src/failure.ts';
import type { LogAssessment } from '../src/logs/assess-log.ts';
import { readLines } from '../src/logs/read-log.ts';
import type { RunTruth } from './run-truth.ts';
import { isOutage, type Services } from './services.ts';
import type { StoreWatch } from './store-watch.ts';
import type { World } from './world.ts';

const WAKE_MS = 30;
const RETRY_MS = 1_000;
const SETTLE_LOOK_MS = 5_000;

/**
 * Somebody who follows a run from a cursor on, as the live view serves it: history and live are one stream, a missing line is waited
 * for until the log is settled and then named, the end comes last.
 */
export class Reader {
  isDone = false;
  readonly name: string;
  readonly #world: World;
  readonly #run: RunTruth;
  readonly #someServices: (where: string) => Services | undefined;
  #cursor: number;
  #shown = 0;
  #isReading = false;
  #isWoken = false;

  constructor(
    world: World,
    run: RunTruth,
    after: number,
    store: StoreWatch,
    someServices: (where: string) => Services | undefined,
  ) {
    this.#world = world;
    this.#run = run;
    this.#cursor = after;
    this.#someServices = someServices;
    this.name = `reader ${world.nth('reader')} of ${run.label}`;
    const listeners = store.listeners.get(run.id) ?? new Set();
    store.listeners.set(run.id, listeners);
    listeners.add(() => this.#wake(WAKE_MS));
    this.#wake(0);
  }

  #wake(delayMs: number): void {
    if (this.isDone || this.#isWoken) return;
    this.#isWoken = true;
    this.#world.after(delayMs, () => {
      this.#isWoken = false;
      this.#read();
    });
  }

  #read(): void {
    const world = this.#world;
    if (this.isDone) return;
    if (this.#isReading) return this.#wake(WAKE_MS);
    const where = `${this.name} ${world.nth(this.name)}`;
    const services = this.#someServices(where);
    if (!services) return this.#wake(RETRY_MS);
    this.#isReading = true;
    let isOver = false;
    const over = () => {
      if (!isOver) this.#isReading = false;
      isOver = true;
    };
    services.instance.whenDead(() => {
      over();
      this.#wake(RETRY_MS);
    });
    world.begin(async () => {
      try {
        await this.#readOnce(services, where);
      } catch (error) {
        if (!(error instanceof Failure) && !isOutage(error)) throw error;
        this.#wake(RETRY_MS);
      } finally {
        over();
      }
    });
  }

  async #readOnce(services: Services, where: string): Promise<void> {
    const world = this.#world;
    const run = this.#run;
    const stored = await services.records.get(executionRef(run.id));
    if (!stored) return world.violate('lost-run', `${run.label} cannot be found`);
    const execution = stored.value;
    const isSettled = isLogSettled(execution, world.nowMs);
    const assessment = isTerminal(execution.status) ? await services.assess(execution) : undefined;
    const isFinal = assessment !== undefined && (isSettled || assessment.completeness === 'complete');
    for await (const line of readLines(services.log, run.id, this.#cursor)) {
      if (line.seq <= this.#cursor) {
        return world.violate('cursor-ignored', `${this.name} has line ${this.#cursor} and is shown ${line.seq}`);
      }
      if (line.seq > this.#cursor + 1) {
        if (!isFinal) {
          world.reach('reader-waits-for-hole');
          break;
        }
        this.#nameGap(line.seq - 1);
      }
      this.#show(line);
      if (world.strikes('reader-breaks', `${where} ${line.seq}`)) {
        world.reach('reader-resumes');
        world.trace.step(`${this.name} loses its stream after line ${this.#cursor} and resumes`);
        return this.#wake(RETRY_MS);
      }
    }
    if (isFinal) this.#end(assessment);
    else if (assessment) this.#wake(SETTLE_LOOK_MS);
  }

  #show(line: LogLine): void {
    const world = this.#world;
    const run = this.#run;
    this.#cursor = line.seq;
    this.#shown = line.seq;
    run.shownThrough = Math.max(run.shownThrough, line.seq);
    const cut = run.lines.find(({ seq }) => seq === line.seq);
    if (!line.text.startsWith(`${run.label} `)) {
      world.violate('foreign-line', `${this.name} is shown "${line.text}"`);
    } else if (!cut || signedRows(line.seq, [cut]) !== signedRows(line.seq, [line])) {
      world.violate('line-changed', `${this.name} is shown another line ${line.seq} than was cut`);
    }
  }

  #nameGap(through: number): void {
    const world = this.#world;
    world.reach('reader-names-gap');
    world.trace.step(`${this.name} is told that lines ${this.#cursor + 1}-${through} will not come`);
    for (let seq = this.#cursor + 1; seq <= through; seq += 1) {
      if (
        [...this.#run.chunks.values()].some(
          (chunk) => chunk.from <= seq && seq <= chunk.through && chunk.stored_at_ms < world.nowMs - 60_000,
        )
      ) {
        world.violate('line-missing', `${this.name} is told that stored line ${seq} will not come`);
      }
    }
    this.#cursor = through;
  }

  #end(assessment: LogAssessment): void {
    const world = this.#world;
    const run = this.#run;
    this.isDone = true;
    if (this.#cursor < assessment.lines) this.#nameGap(assessment.lines);
    const lines = Math.max(assessment.lines, this.#shown);
    world.trace.step(`${this.name} is told the end: ${assessment.completeness}, ${lines} lines`);
    if (run.endStoredMs === undefined)
      world.violate('end-before-terminal', `${this.name} is told an end of a run that goes on`);
    if (lines < run.shownThrough) {
      world.violate('end-before-terminal', `${this.name} is told ${lines} lines, ${run.shownThrough} were shown`);
    }
    if (assessment.completeness === 'complete' && run.commandStarts > 0) {
      const cut = run.lines.length;
      if (!run.report || assessment.lines !== cut) {
        world.violate('hash-wrong', `${this.name} is told that ${assessment.lines} of ${cut} lines are complete`);
      }
    }
    if (assessment.completeness === 'unproven') world.reach('log-unproven');
    if (assessment.completeness === 'gaps') world.reach('log-with-gaps');
  }
}
