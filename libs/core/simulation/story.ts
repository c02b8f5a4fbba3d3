import type { HistoryResult } from './history.ts';
import { shrink } from './shrink.ts';
import { traceText } from './trace.ts';
import { T0, type HistoryOptions } from './world.ts';
import { runHistory } from './history.ts';

/** A violation as it is told to a person. */
export interface Story {
  readonly seed: number;
  readonly invariant: string;
  readonly details: string;
  /** True when the same seed gave the same history twice. */
  readonly isRepeatable: boolean;
  /** The choices that the shrunk history still needs. */
  readonly strange: readonly string[];
  readonly steps: readonly string[];
}

/** Runs a failing history again, shrinks it, and tells what is left, step by step. */
export async function tellStory(options: HistoryOptions, failed: HistoryResult): Promise<Story> {
  const again = await runHistory(options);
  const { result } = await shrink(options, failed);
  return {
    seed: options.seed,
    invariant: result.violation?.invariant ?? '',
    details: result.violation?.details ?? '',
    isRepeatable: wholeTrace(again) === wholeTrace(failed),
    strange: result.strange,
    steps: collapsed(result.trace.filter(({ isStep }) => isStep).map((line) => traceText(line, T0))),
  };
}

/** Every line of a history, for comparing two of them. */
export function wholeTrace(result: HistoryResult): string {
  return result.trace.map((line) => traceText(line, T0)).join('\n');
}

/** The same event many times in a row is one step. */
function collapsed(lines: readonly string[]): string[] {
  const steps: { text: string; times: number }[] = [];
  for (const line of lines) {
    const last = steps.at(-1);
    if (last && eventOf(last.text) === eventOf(line)) last.times += 1;
    else steps.push({ text: line, times: 1 });
  }
  return steps.map(({ text, times }) => (times === 1 ? text : `${text} (${times} times)`));
}

function eventOf(line: string): string {
  return line.slice(line.indexOf(' s  ') + 4).replaceAll(/\d+(?:-\d+)?/g, '#');
}
