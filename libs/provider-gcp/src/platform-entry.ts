import { Failure, type Millis, type PlatformEntry, type ReadPlatformEntry } from '@runvoy/core';
import { timeMs } from './job-runner/google-values.ts';
import { wordFor } from './job-runner/execution-view.ts';
import { jobOfExecution } from './job-runner/names.ts';
import { isMessage, messages, text, type Message } from './job-runner/message.ts';
import { envOf, lastPart, SIDECAR } from './job-runner/read-resources.ts';

/** What follows the project in `logName`, as Cloud Logging writes it. */
const READERS: Readonly<Record<string, (entry: Message) => PlatformEntry>> = {
  'cloudaudit.googleapis.com%2Fsystem_event': readAudit,
  // A cancel stands here, and may be the only word of an end that it brought.
  'cloudaudit.googleapis.com%2Factivity': readAudit,
  'run.googleapis.com%2Fstdout': readOutput,
  'run.googleapis.com%2Fstderr': readOutput,
  'run.googleapis.com%2Fvarlog%2Fsystem': readSystem,
};

/**
 * Reads a LogEntry of Cloud Logging, as Eventarc and sinks bring it: numbers are JSON doubles there, and an execution has the shape of
 * the first version of the API. An entry is a hint at most: of an end it tells neither how nor, with certainty, that it was one.
 * Fails with `INVALID_REQUEST` when it is no entry.
 */
export const readPlatformEntry: ReadPlatformEntry = (entry) => {
  if (!isMessage(entry) || typeof entry['logName'] !== 'string') {
    throw new Failure('INVALID_REQUEST', 'The data is no LogEntry: it has no logName.');
  }
  return READERS[lastPart(entry['logName'])]?.(entry) ?? FOREIGN;
};

const FOREIGN: PlatformEntry = { kind: 'foreign' };

/** Of `/Jobs.RunJob`, which the platform writes when an execution ends, or of a call about an execution. */
function readAudit({ protoPayload }: Message): PlatformEntry {
  if (!isMessage(protoPayload) || protoPayload['serviceName'] !== 'run.googleapis.com') return FOREIGN;
  const response = isMessage(protoPayload['response']) ? protoPayload['response'] : {};
  const named = text(protoPayload['resourceName']);
  // `namespaces/P/executions/E` or the name of the second version; an entry about a Job names no execution.
  if (!named.includes('/executions/')) return FOREIGN;
  const platform_execution = lastPart(named);
  if (jobOfExecution(platform_execution) === undefined) return FOREIGN;
  const { RUNVOY_EXECUTION_ID: execution_id } = envOf(containersOf(response).find(({ name }) => name === SIDECAR));
  return {
    kind: 'execution_changed',
    platform_execution,
    ...(execution_id !== undefined && /^[0-9a-f]{32}$/.test(execution_id) ? { execution_id } : {}),
  };
}

/** The first version keeps them below `spec.template.spec`, the second below `template`. */
function containersOf(execution: Message): readonly Message[] {
  const first = within(within(within(execution, 'spec'), 'template'), 'spec');
  return messages(first['containers'] ?? within(execution, 'template')['containers']);
}

function within(message: Message, field: string): Message {
  const value = message[field];
  return isMessage(value) ? value : {};
}

function readOutput(entry: Message): PlatformEntry {
  const platform_execution = executionOf(entry);
  if (platform_execution === undefined) return FOREIGN;
  const printed = entry['jsonPayload'] ?? text(entry['textPayload']);
  return { kind: 'output', platform_execution, printed, at_ms: timeOf(entry) };
}

function readSystem(entry: Message): PlatformEntry {
  const platform_execution = executionOf(entry);
  if (platform_execution === undefined) return FOREIGN;
  const said = text(entry['textPayload']) || text(within(entry, 'jsonPayload')['message']);
  const reason = wordFor(said);
  return {
    kind: 'system',
    platform_execution,
    text: said,
    ...(reason === undefined ? {} : { reason }),
    at_ms: timeOf(entry),
  };
}

/** One of ours, by its label. */
function executionOf(entry: Message): string | undefined {
  if (within(entry, 'resource')['type'] !== 'cloud_run_job') return undefined;
  const execution = text(within(entry, 'labels')['run.googleapis.com/execution_name']);
  return jobOfExecution(execution) === undefined ? undefined : execution;
}

function timeOf(entry: Message): Millis {
  try {
    return timeMs(entry['timestamp']) ?? timeMs(entry['receiveTimestamp']) ?? 0;
  } catch (error) {
    throw new Failure('INVALID_REQUEST', 'The LogEntry has no timestamp that can be read.', { cause: error });
  }
}
