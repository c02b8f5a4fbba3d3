import type { ParameterValue, RunPlaybookRequest, RunRequest } from '@runvoy/protocol';
import type { Invocation } from './invocation.ts';
import type { LocalPlaybook } from './local-playbooks.ts';
import { Problem, usageProblem } from './problem.ts';
import { readPair, readRunChoices } from './run-request.ts';

type Asked = Pick<Invocation, 'options' | 'env'>;

/**
 * The run of a local file, as runvoy makes it: commands joined by ` && `, the file's env under RUNVOY_USER_* and `-e`, its secrets and
 * those of `--secret`; what else an option says stands in place of what the file says.
 */
export function localRun({ name, path, definition }: LocalPlaybook, asked: Asked): RunRequest {
  if (!definition) throw new Problem(`${path}: cannot be run.`);
  const { commands, description: _, parameters, ...standing } = definition;
  if (parameters !== undefined || asked.options.texts('param').length > 0) {
    throw usageProblem(
      `${path} is run as it is: parameters are for playbooks of the server. "runvoy playbook create ${name}" makes one of it, --server runs that.`,
    );
  }
  const { env, secrets = [], labels, ...choices } = readRunChoices(asked);
  const merged = { ...standing.env, ...env };
  const allLabels = { ...standing.labels, ...labels };
  const allSecrets = [...new Set([...(standing.secrets ?? []), ...secrets])];
  const { env: _env, secrets: _secrets, labels: _labels, ...rest } = standing;
  return {
    ...rest,
    ...choices,
    command: commands.join(' &&\n'),
    ...(Object.keys(merged).length === 0 ? {} : { env: merged }),
    ...(allSecrets.length === 0 ? {} : { secrets: allSecrets }),
    ...(Object.keys(allLabels).length === 0 ? {} : { labels: allLabels }),
  };
}

/** The body of `POST /playbooks/{name}/run`. Values go as text: the server knows their types. */
export function serverRun(asked: Asked): RunPlaybookRequest {
  const pairs = asked.options.texts('param').map((pair) => readPair(pair, '--param'));
  const parameters: Record<string, ParameterValue> = Object.fromEntries(pairs);
  const version = readVersion(asked);
  return {
    ...readRunChoices(asked),
    ...(version === undefined ? {} : { version }),
    ...(pairs.length === 0 ? {} : { parameters }),
  };
}

/** `--version N`, from 1. */
export function readVersion({ options }: Pick<Invocation, 'options'>): number | undefined {
  const text = options.text('version');
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw usageProblem(`--version takes a number from 1; got "${text}".`);
  return Number(text);
}
