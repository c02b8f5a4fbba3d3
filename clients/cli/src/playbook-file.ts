import type { ChangePlaybookRequest, PlaybookParameter } from '@runvoy/protocol';
import { Problem } from './problem.ts';

/** Fields that are text, whatever they look like: `8080` and `true` are what the file says, as runvoy reads them. */
const TEXTS = ['description', 'image', 'git_repo', 'git_ref', 'git_path', 'network'] as const;
const LISTS = ['commands', 'secrets'] as const;
const MAPS = ['env', 'labels'] as const;
/** What only playbooks of the server have. */
const NUMBERS = ['timeout', 'grace'] as const;

/**
 * What a playbook file says. Fields that runvoy does not know are ignored, as it does. Fails with a problem that names the file and the
 * field; values are never repeated.
 */
export async function playbookOf(path: string, text: string): Promise<ChangePlaybookRequest> {
  const { parse } = await import('yaml');
  const read = (schema: 'core' | 'failsafe'): unknown => {
    try {
      return parse(text, { schema });
    } catch (cause) {
      // The rest of the message shows the line, and the line may hold what is secret.
      throw new Problem(`${path}: ${(cause as Error).message.split(/:?\n/, 1)[0]}.`, { cause });
    }
  };
  const [typed, plain] = [mapping(path, 'the file', read('core')), mapping(path, 'the file', read('failsafe'))];
  const isGiven = (field: string) => typed[field] !== undefined && typed[field] !== null;
  const entries = [
    ...TEXTS.filter(isGiven).map((field) => [field, textOf(path, field, plain[field])] as const),
    ...LISTS.filter(isGiven).map((field) => [field, textsOf(path, field, plain[field])] as const),
    ...MAPS.filter(isGiven).map((field) => [field, textMapOf(path, field, plain[field])] as const),
    ...NUMBERS.filter(isGiven).map((field) => [field, numberOf(path, field, typed[field])] as const),
    ...(isGiven('parameters') ? [['parameters', parametersOf(path, typed['parameters'])] as const] : []),
  ];
  const definition = Object.fromEntries(entries) as unknown as Partial<ChangePlaybookRequest>;
  const { commands = [] } = definition;
  if (commands.length === 0) throw new Problem(`${path}: commands must list at least one command.`);
  return { ...definition, commands };
}

/** What a parameter may be, its server says: it names the parameter. */
function parametersOf(path: string, value: unknown): readonly PlaybookParameter[] {
  if (!Array.isArray(value)) throw new Problem(`${path}: parameters must be a list.`);
  return value.map((each, index) => mapping(path, `parameters[${index}]`, each) as unknown as PlaybookParameter);
}

function mapping(path: string, where: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Problem(`${path}: ${where} must hold "name: value" lines.`);
}

function textOf(path: string, field: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw new Problem(`${path}: ${field} must be text.`);
}

function textsOf(path: string, field: string, value: unknown): readonly string[] {
  if (!Array.isArray(value)) throw new Problem(`${path}: ${field} must be a list.`);
  return value.map((each, index) => textOf(path, `${field}[${index}]`, each));
}

function textMapOf(path: string, field: string, value: unknown): Readonly<Record<string, string>> {
  const entries = Object.entries(mapping(path, field, value));
  return Object.fromEntries(entries.map(([name, each]) => [name, textOf(path, `${field}.${name}`, each ?? '')]));
}

function numberOf(path: string, field: string, value: unknown): number {
  if (typeof value === 'number') return value;
  throw new Problem(`${path}: ${field} must be a number of seconds.`);
}
