import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import { healthLines } from '../health-text.ts';
import type { Invocation } from '../invocation.ts';
import { usageProblem } from '../problem.ts';

/** `runvoy health`: the last scheduled report; `reconcile`: repair and report now. 1 when there are errors. */
export async function health(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const [verb] = words;
  if (verb !== undefined && verb !== 'reconcile') {
    throw usageProblem(`There is no "health ${verb}"; there are: health, health reconcile.`);
  }
  const api = openApi(await openConnection(invocation));
  const { report } = verb === 'reconcile' ? await api.reconcile() : await api.healthReport();
  const { stdout } = terminal;
  if (options.flag('json')) stdout.write(`${JSON.stringify(report)}\n`);
  else {
    const screen = stdout.isTTY ? { columns: stdout.columns || 80, nowMs: Date.now() } : undefined;
    stdout.write(`${healthLines(report, screen).join('\n')}\n`);
  }
  return report.error_count > 0 ? EXIT.failed : EXIT.ok;
}
