import type { Execution } from '../executions/execution.ts';
import { isLogSettled } from '../executions/finish-execution.ts';
import { assessLog, type AssessDeps, type LogAssessment } from './assess-log.ts';

/**
 * What a door says of a log. Until its settle window is over a log that is not complete is `running`, as the live view has it, which
 * waits so long with its end: lines that are not there may still come, and none is missing.
 */
export async function stateLog(deps: AssessDeps, execution: Execution): Promise<LogAssessment> {
  // Asked before the lines are read: what comes during the reading may then still count.
  const isSettled = isLogSettled(execution, deps.clock.now());
  return statedBy(await assessLog(deps, execution), isSettled);
}

/** The same of what is already known. */
export function statedBy(assessment: LogAssessment, isSettled: boolean): LogAssessment {
  if (isSettled || assessment.completeness === 'complete') return assessment;
  return { ...assessment, completeness: 'running', gaps: [] };
}
