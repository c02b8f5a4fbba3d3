import type { ExecutionStatusBody } from '@runvoy/protocol';
import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { counted, durationText, queueText, stopSteps, whyText, withPlace } from '@runvoy/sdk/texts';
import { EXIT } from '../exit-code.ts';
import { exitCodeText } from '../exit-code-text.ts';
import type { Invocation } from '../invocation.ts';
import { gapNames } from '../log-verdict-text.ts';
import { oneLine } from '../one-line.ts';
import { costText, usageText } from '../usage-text.ts';

/** `runvoy status`. */
export async function status(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const api = openApi(await openConnection(invocation));
  const execution = await api.status(words[0] ?? '');
  if (options.flag('json')) {
    terminal.stdout.write(`${JSON.stringify(execution)}\n`);
    return EXIT.ok;
  }
  for (const [name, value] of facts(execution)) {
    if (value !== undefined) terminal.stdout.write(`${`${name}:`.padEnd(14)}${oneLine(value)}\n`);
  }
  return EXIT.ok;
}

function facts(execution: ExecutionStatusBody): readonly (readonly [string, string | undefined])[] {
  const { status: state, queue, cancel, duration_ms, log, exit_code, usage, cost } = execution;
  return [
    ['Execution ID', execution.execution_id],
    ['Status', state],
    ['Reason', withPlace(execution.reason_text ?? whyText(execution), queue && queueText(queue))],
    ['Stop', cancel && stopSteps(cancel)],
    ['Exit code', exit_code === null ? undefined : exitCodeText(execution, exit_code)],
    ['Command', execution.command],
    ['Image', execution.image_id],
    ['Isolation', execution.isolation],
    ['Playbook', execution.playbook && `${execution.playbook.name}, version ${execution.playbook.version}`],
    ['Labels', execution.labels && labelsText(execution.labels)],
    ['Started', execution.started_at],
    ['Completed', execution.completed_at],
    ['Duration', duration_ms === undefined ? undefined : durationText(duration_ms)],
    ['Log', log && logText(log)],
    ['Usage', usage && usageText(usage)],
    ['Cost', cost && costText(cost)],
  ];
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(' ');
}

/** As the server proves it; `runvoy logs` proves it again. */
function logText({ lines, completeness, gaps = [] }: NonNullable<ExecutionStatusBody['log']>): string {
  return `${counted(lines, 'line')}, ${completeness}${gaps.length === 0 ? '' : `: missing ${gapNames(gaps)}`}`;
}
