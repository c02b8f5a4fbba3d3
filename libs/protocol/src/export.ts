import type { PlaybookDefinition } from './playbooks.ts';
import type { ExecutionBody } from './executions.ts';
import type { LogLine } from './log-line.ts';

/** Of the form of an export. A reader refuses what is newer than itself. */
export const EXPORT_VERSION = 1;

/** How many executions one request may bring. */
export const IMPORT_AT_MOST = 50;

/** First line of an export. */
export interface ExportHead {
  readonly type: 'export';
  readonly version: number;
  /** RFC 3339. */
  readonly exported_at: string;
  /** What it was read from. */
  readonly source: { readonly provider: string; readonly version: string };
}

/** An image, as it is registered elsewhere. What names an account or a machine is told and not carried over. */
export interface ExportedImage {
  readonly type: 'image';
  readonly image: string;
  readonly is_default: boolean;
  readonly cpu?: number;
  readonly memory?: number;
  readonly network?: 'none';
  readonly max_running?: number;
  readonly runtime_platform?: string;
  readonly task_role_name?: string;
}

/** A user: no key and no claim. */
export interface ExportedUser {
  readonly type: 'user';
  readonly email: string;
  readonly role: string;
  readonly revoked: boolean;
}

/** A secret without its value, which no export holds. */
export interface ExportedSecret {
  readonly type: 'secret';
  readonly name: string;
  readonly key_name: string;
  readonly description?: string;
  readonly granted_to: readonly string[];
}

/** The newest version of a playbook. */
export interface ExportedPlaybook {
  readonly type: 'playbook';
  readonly name: string;
  readonly definition: PlaybookDefinition;
}

/** What is carried of a run that has ended. Of its environment nothing was ever shown. */
export type ExportedRun = Pick<
  ExecutionBody,
  | 'execution_id'
  | 'created_by'
  | 'owned_by'
  | 'command'
  | 'image_id'
  | 'started_at'
  | 'completed_at'
  | 'status'
  | 'exit_code'
  | 'reason'
  | 'created_by_request_id'
  | 'modified_by_request_id'
  | 'cloud'
  | 'secrets'
  | 'cpu'
  | 'memory'
> & {
  readonly isolation?: ExecutionBody['isolation'];
  /** How long its command ran: less than from its start to its end where it had to wait. */
  readonly duration_seconds?: number;
  /** What its runner stated about its log, where the log comes along. */
  readonly log?: {
    readonly lines: number;
    readonly bytes: number;
    readonly sha256: string;
    readonly maskings?: number;
  };
};

/** A run that has ended. */
export interface ExportedExecution {
  readonly type: 'execution';
  readonly execution: ExportedRun;
}

/** Lines of a log, in order, at most 100 KiB; behind the line of their execution. */
export interface ExportedLog {
  readonly type: 'log';
  readonly execution_id: string;
  readonly lines: readonly LogLine[];
}

/** Last line: without it the export is not whole. */
export interface ExportEnd {
  readonly type: 'end';
  /** How many lines of each type stand before it. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A line of an export: one JSON object. A reader passes over types that it does not know, and says how many. */
export type ExportLine =
  | ExportHead
  | ExportedImage
  | ExportedUser
  | ExportedSecret
  | ExportedPlaybook
  | ExportedExecution
  | ExportedLog
  | ExportEnd;

/** `POST /api/v1/import/executions`. */
export interface ImportExecutionsRequest {
  readonly executions: readonly ExportedRun[];
  /** What they were exported from. */
  readonly source: string;
}

/** What became of one: `exists` when a run of this id is there already, whoever brought it. */
export interface ImportedExecution {
  readonly execution_id: string;
  readonly outcome: 'created' | 'exists';
  /** Its log may be brought: it was imported, and not all of its log is here. */
  readonly wants_log: boolean;
}
export interface ImportExecutionsAnswer {
  readonly executions: readonly ImportedExecution[];
}

/** `POST /api/v1/import/executions/{id}/log`. */
export interface ImportLogRequest {
  readonly lines: readonly LogLine[];
}
export interface ImportLogAnswer {
  readonly execution_id: string;
  /** The last line stored by it. */
  readonly through: number;
}
