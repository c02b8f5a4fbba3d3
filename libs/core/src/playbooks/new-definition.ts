import { LIMITS, type PlaybookDefinition } from '@runvoy/protocol';
import { newGitSource } from '../executions/git-source.ts';
import { newLabels } from '../executions/labels.ts';
import { newRunInput } from '../executions/run-environment.ts';
import { looksSecret } from '../executions/secret-name.ts';
import { Failure } from '../failure.ts';
import { readDescription } from '../secrets/secret-fields.ts';
import { newParameters } from './new-parameters.ts';
import type { Definition, Parameter } from './playbook.ts';

/** It stands in a path of the API and in a shell's command line, and may be the name of a file. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** What a shell can read, but for what Firestore keeps for itself. */
const VARIABLE = /^(?!__.*__$)[A-Za-z_][A-Za-z0-9_]*$/;

/** Fails with `UNPROCESSABLE`, saying what a name may be. */
export function requirePlaybookName(name: string): void {
  if (NAME.test(name)) return;
  throw new Failure(
    'UNPROCESSABLE',
    `"${name.slice(0, 80)}" is no name of a playbook. It begins with a letter or digit; at most 99 letters, digits, ".", "_" and "-" follow.`,
  );
}

/**
 * What a playbook says, checked as far as it can be before somebody runs it: image, secrets and what the deployment allows are looked
 * at then, with what the one who runs it may. Fails, naming the field that is wrong.
 */
export async function newDefinition(asked: PlaybookDefinition): Promise<Definition> {
  const { commands, image, env, secrets, git_repo, git_ref, git_path, timeout, grace, network, labels } = asked;
  requireCommands(commands);
  requireSecretNames(secrets);
  newLabels(labels);
  newGitSource(asked, { isAdmin: true, gitRoots: ['/'] });
  const parameters = await newParameters(asked.parameters ?? []);
  requireEnv(env ?? {}, parameters);
  const description = readDescription(asked.description);
  const fields = { description, image, env, secrets, git_repo, git_ref, git_path, timeout, grace, network, labels };
  const definition = { ...givenOnly(fields), commands, parameters };
  const bytes = Buffer.byteLength(JSON.stringify(definition));
  if (bytes > LIMITS.playbookBytes) {
    throw new Failure('PAYLOAD_TOO_LARGE', `The playbook is ${bytes} bytes; the limit is ${LIMITS.playbookBytes}.`);
  }
  return definition;
}

/**
 * The command of a run: all of them joined by `&&`, as runvoy's own client does, but each on a line of its own. A comment at the end of
 * one would otherwise take the others with it.
 */
export function commandOf({ commands }: Pick<PlaybookDefinition, 'commands'>): string {
  return commands.join(' &&\n');
}

function requireCommands(commands: readonly string[]): void {
  if (commands.length === 0) throw new Failure('UNPROCESSABLE', 'commands needs at least one command.');
  const blank = commands.findIndex((command) => command.trim() === '');
  if (blank >= 0) throw new Failure('UNPROCESSABLE', `commands: number ${blank + 1} is blank.`);
  const command = commandOf({ commands });
  if (command.includes('\0')) throw new Failure('UNPROCESSABLE', 'commands hold a NUL byte, which no shell accepts.');
  const bytes = Buffer.byteLength(command);
  if (bytes > LIMITS.commandBytes) {
    throw new Failure('PAYLOAD_TOO_LARGE', `commands are ${bytes} bytes; the limit is ${LIMITS.commandBytes}.`);
  }
}

function requireSecretNames(secrets: readonly string[] = []): void {
  if (secrets.length > LIMITS.secretsPerRun) {
    throw new Failure('UNPROCESSABLE', `secrets has ${secrets.length} names; the limit is ${LIMITS.secretsPerRun}.`);
  }
  if (secrets.some((name) => name.trim() === '')) {
    throw new Failure('UNPROCESSABLE', 'secret names cannot be empty');
  }
}

function requireEnv(env: Readonly<Record<string, string>>, parameters: readonly Parameter[]): void {
  newRunInput(env);
  for (const name of Object.keys(env)) {
    const shown = name.slice(0, 80);
    if (!VARIABLE.test(name)) {
      throw new Failure('UNPROCESSABLE', `env: "${shown}" is no variable that a shell can read.`);
    }
    if (looksSecret(name)) {
      throw new Failure(
        'UNPROCESSABLE',
        `env: ${shown} looks like a secret, and everybody reads a playbook. Create a secret and name it in "secrets".`,
      );
    }
    const parameter = parameters.find(({ variable }) => variable === name);
    if (parameter) {
      throw new Failure('UNPROCESSABLE', `env: ${shown} is set by parameter ${parameter.name}; give it a default.`);
    }
  }
}

/** Without the fields that are undefined. */
function givenOnly<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
