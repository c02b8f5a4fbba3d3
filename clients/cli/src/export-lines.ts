import {
  EXPORT_VERSION,
  isTerminal,
  type ExecutionBody,
  type ExportedImage,
  type ExportedRun,
  type ExportLine,
  type ImageBody,
  type ListPlaybooksAnswer,
  type LogLine,
  type SecretBody,
} from '@runvoy/protocol';
import { RunvoyError, type RunvoyClient } from '@runvoy/sdk/client';
import { lineOf, logBatches, numberedLines } from './log-batches.ts';
import { openPatience, type Patiently } from './patiently.ts';

/** What is asked of an export. */
export interface ExportChoice {
  readonly history: boolean;
  readonly logs: boolean;
}

type Noticed = (what: string) => void;

interface Reading {
  readonly api: RunvoyClient;
  readonly choice: ExportChoice;
  readonly noticed: Noticed;
  readonly patiently: Patiently;
}

type Section = (reading: Reading) => AsyncIterable<ExportLine>;

/** "This machine": every local server has its own. */
const HOST_IMAGE = 'host';
const LINES_A_PAGE = 1_000;
const DEFAULT_CPU = 256;
const DEFAULT_MEMORY = 512;

/** In the order in which an import needs them. */
const SECTIONS: readonly Section[] = [images, users, secrets, playbooks, history];

/**
 * Everything of a deployment that can be carried to another, line by line. Reads what runvoy's API shows and nothing else, so that it
 * also reads a deployment of runvoy on AWS. No key, claim or value of a secret is ever in it. `noticed` is told what is left out.
 */
export async function* exportLines(
  api: RunvoyClient,
  choice: ExportChoice,
  nowMs: number,
  noticed: Noticed,
): AsyncGenerator<ExportLine, void, undefined> {
  const reading: Reading = { api, choice, noticed, patiently: openPatience(noticed) };
  const { provider, version } = await api.health();
  const exported_at = new Date(nowMs).toISOString();
  yield { type: 'export', version: EXPORT_VERSION, exported_at, source: { provider, version } };
  const counts: Record<string, number> = {};
  for (const section of SECTIONS) {
    for await (const line of section(reading)) {
      counts[line.type] = (counts[line.type] ?? 0) + 1;
      yield line;
    }
  }
  yield { type: 'end', counts };
}

async function* images({ api }: Reading): AsyncIterable<ExportLine> {
  for (const image of (await api.images()).images) if (image.image !== HOST_IMAGE) yield exportedImage(image);
}

function exportedImage(image: Partial<ImageBody> & Pick<ImageBody, 'image'>): ExportedImage {
  const { cpu, memory, max_running, runtime_platform, task_role_name } = image;
  // A size that nobody asked for is none to insist on elsewhere.
  const isSized = cpu !== undefined && memory !== undefined && !(cpu === DEFAULT_CPU && memory === DEFAULT_MEMORY);
  return {
    type: 'image',
    image: image.image,
    is_default: image.is_default === true,
    ...(isSized ? { cpu, memory } : {}),
    ...(image.network === 'none' ? { network: 'none' } : {}),
    ...(max_running ? { max_running } : {}),
    ...(runtime_platform ? { runtime_platform } : {}),
    ...(task_role_name ? { task_role_name } : {}),
  };
}

async function* users({ api }: Reading): AsyncIterable<ExportLine> {
  for (const { email, role, revoked } of (await api.users()).users) yield { type: 'user', email, role, revoked };
}

async function* secrets({ api }: Reading): AsyncIterable<ExportLine> {
  // runvoy on AWS lists values, too: only what is named here goes on.
  const listed: readonly (Omit<SecretBody, 'granted_to'> & Partial<SecretBody>)[] = (await api.secrets()).secrets;
  for (const { name, key_name, description, granted_to = [] } of listed)
    yield { type: 'secret', name, key_name, ...(description ? { description } : {}), granted_to };
}

/** The newest version of each; runvoy on AWS keeps none on its server. */
async function* playbooks({ api, patiently }: Reading): AsyncIterable<ExportLine> {
  let after: string | undefined;
  do {
    const page: ListPlaybooksAnswer = await api.playbooks(after === undefined ? {} : { after }).catch(noneOnAws);
    for (const { name } of page.playbooks) {
      const { definition } = (await patiently(() => api.playbook(name))).playbook;
      yield { type: 'playbook', name, definition };
    }
    after = page.next;
  } while (after !== undefined);
}

function noneOnAws(error: unknown): ListPlaybooksAnswer {
  if (error instanceof RunvoyError && error.status === 404) return { playbooks: [] };
  throw error;
}

async function* history(reading: Reading): AsyncIterable<ExportLine> {
  const { api, choice, noticed } = reading;
  if (!choice.history) return;
  const executions = await api.list({ limit: '0' });
  const unfinished = executions.filter(({ status }) => !isTerminal(status)).length;
  if (unfinished > 0) noticed(`${unfinished} that have not ended are left out`);
  for (const execution of executions.toReversed()) {
    if (!isTerminal(execution.status)) continue;
    yield { type: 'execution', execution: exportedRun(execution, choice.logs) };
    if (choice.logs) yield* log(reading, execution.execution_id);
  }
}

/** Fields that are not there, of an older server or of runvoy on AWS, stay away. */
function exportedRun(execution: ExecutionBody, withLog: boolean): ExportedRun {
  const { execution_id, created_by, command, image_id, started_at, completed_at, status, exit_code } = execution;
  const { reason, isolation, secrets: names, cpu, memory, duration_seconds, log: stated } = execution;
  const { lines, bytes, sha256, maskings } = stated ?? {};
  const isStated = withLog && lines !== undefined && bytes !== undefined && sha256 !== undefined;
  return {
    execution_id,
    created_by,
    // Old records of runvoy on AWS have null.
    owned_by: execution.owned_by ?? [created_by],
    command,
    image_id,
    started_at,
    ...(completed_at === undefined ? {} : { completed_at }),
    status,
    exit_code,
    ...(reason === undefined ? {} : { reason }),
    created_by_request_id: execution.created_by_request_id ?? '',
    modified_by_request_id: execution.modified_by_request_id ?? '',
    cloud: execution.cloud ?? 'unknown',
    ...(names === undefined ? {} : { secrets: names }),
    ...(cpu === undefined ? {} : { cpu }),
    ...(memory === undefined ? {} : { memory }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(duration_seconds === undefined ? {} : { duration_seconds }),
    ...(isStated ? { log: { lines, bytes, sha256, ...(maskings === undefined ? {} : { maskings }) } } : {}),
  };
}

async function* log(reading: Reading, execution_id: string): AsyncIterable<ExportLine> {
  try {
    for await (const lines of logBatches(readLog(reading, execution_id))) yield { type: 'log', execution_id, lines };
  } catch (error) {
    if (!(error instanceof RunvoyError)) throw error;
    reading.noticed(`the log of ${execution_id} could not be read: ${error.explanation}`);
  }
}

/** Page by page: a log may have a gigabyte. runvoy on AWS knows no pages and answers with all of it. */
async function* readLog({ api, patiently }: Reading, id: string): AsyncGenerator<LogLine, void, undefined> {
  let after: number | undefined = 0;
  while (after !== undefined) {
    const from: number = after;
    const { events, next_after } = await patiently(() => api.logPage(id, from, LINES_A_PAGE));
    if (events?.[0] && events[0].stream === undefined) return yield* numberedLines(events);
    for (const event of events ?? []) yield lineOf(event);
    after = events?.length ? next_after : undefined;
  }
}
