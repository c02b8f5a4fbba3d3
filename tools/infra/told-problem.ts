import type { ProblemBody } from '../../clients/cli/src/problem-body.ts';
import { SmokeProblem } from '../smoke/smoke-test.ts';
import { InfraProblem } from './infra-problem.ts';
import { notStarted } from './programs.ts';

/** What ended `runvoy infra` before its end, as the client tells it to programs. What nobody foresaw keeps its stack. */
export function toldProblem(error: unknown): ProblemBody {
  if (error instanceof InfraProblem) {
    return { error: { code: error.kind === 'usage' ? 'USAGE' : 'FAILED', message: error.message } };
  }
  if (error instanceof SmokeProblem) return { error: { code: 'FAILED', message: error.message } };
  if ((error as Error).name === 'AbortError') return { error: { code: 'FAILED', message: 'It was interrupted.' } };
  const { syscall, stack } = error as NodeJS.ErrnoException;
  if (syscall?.startsWith('spawn terraform')) {
    return { error: { code: 'FAILED', message: notStarted('terraform', error as Error).message } };
  }
  return { error: { code: 'UNEXPECTED', message: String(stack ?? error) } };
}
