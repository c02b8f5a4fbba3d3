import type { Isolation, Network } from './executions.ts';

export type ParameterType = 'string' | 'integer' | 'number' | 'boolean' | 'choice';
export type ParameterValue = string | number | boolean;

/** What somebody who runs a playbook may say. The run finds the value in an environment variable; no shell ever parses it. */
export interface PlaybookParameter {
  readonly name: string;
  readonly type: ParameterType;
  readonly description?: string;
  /** The variable; the name in capitals, `-` as `_`, unless given. */
  readonly variable?: string;
  /** Without a default either, the variable of one that is not given is not set. */
  readonly required?: boolean;
  readonly default?: ParameterValue;
  /** `string`: an RE2 expression that the whole value has to match. */
  readonly pattern?: string;
  /** `string`: in characters. */
  readonly min_length?: number;
  readonly max_length?: number;
  /** `integer` and `number`: both inclusive. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** `choice`: what there is to choose from. */
  readonly choices?: readonly string[];
}

/** What one version of a playbook says. The fields of runvoy's local files, and what they lack. */
export interface PlaybookDefinition {
  readonly description?: string;
  /** Joined by `&&`, each on a line of its own. */
  readonly commands: readonly string[];
  readonly image?: string;
  /** Everybody who may read playbooks reads these values: what is secret belongs into a secret. */
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly git_repo?: string;
  readonly git_ref?: string;
  readonly git_path?: string;
  readonly timeout?: number;
  readonly grace?: number;
  readonly network?: Network;
  readonly labels?: Readonly<Record<string, string>>;
  readonly parameters?: readonly PlaybookParameter[];
}

/** `POST /api/v1/playbooks`. */
export interface CreatePlaybookRequest extends PlaybookDefinition {
  readonly name: string;
}

/** `PUT /api/v1/playbooks/{name}`: the whole definition, which becomes the next version. */
export type ChangePlaybookRequest = PlaybookDefinition;

/** A playbook without what it does: an element of `GET /api/v1/playbooks`. */
export interface PlaybookSummary {
  readonly name: string;
  /** The newest. */
  readonly version: number;
  readonly description?: string;
  readonly owned_by: readonly string[];
  readonly created_by: string;
  readonly created_at: string;
  readonly updated_by: string;
  readonly updated_at: string;
  readonly created_by_request_id: string;
  readonly modified_by_request_id: string;
}

/** A playbook at one of its versions. */
export interface PlaybookBody extends PlaybookSummary {
  /** Who made this version, and when. */
  readonly version_by: string;
  readonly version_at: string;
  readonly definition: PlaybookDefinition;
}

/** 200 of `GET /api/v1/playbooks`. */
export interface ListPlaybooksAnswer {
  readonly playbooks: readonly PlaybookSummary[];
  /** Pass as `after` for those that follow; absent on the last page. */
  readonly next?: string;
}

/** 200, or 201 of `POST /api/v1/playbooks`, of whatever answers with one playbook. */
export interface PlaybookAnswer {
  readonly playbook: PlaybookBody;
}

/** A version that is there, without what it says. */
export interface PlaybookVersionBody {
  readonly version: number;
  readonly description?: string;
  readonly created_by: string;
  readonly created_at: string;
  readonly created_by_request_id: string;
}

/** 200 of `GET /api/v1/playbooks/{name}/versions`, the newest first. */
export interface ListPlaybookVersionsAnswer {
  readonly versions: readonly PlaybookVersionBody[];
  readonly next?: string;
}

/** 200 of `DELETE /api/v1/playbooks/{name}`. */
export interface PlaybookRemoved {
  readonly name: string;
  readonly message: string;
}

/** `POST /api/v1/playbooks/{name}/run`. What else is given stands in place of what the playbook says; secrets and labels come on top. */
export interface RunPlaybookRequest {
  /** The newest unless given. */
  readonly version?: number;
  /** By name. A number or boolean may also come as its text. */
  readonly parameters?: Readonly<Record<string, ParameterValue>>;
  readonly image?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly git_repo?: string;
  readonly git_ref?: string;
  readonly git_path?: string;
  readonly timeout?: number;
  readonly grace?: number;
  readonly network?: Network;
  readonly isolation?: Exclude<Isolation, 'cloud-run'>;
  readonly labels?: Readonly<Record<string, string>>;
}
