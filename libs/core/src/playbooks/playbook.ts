import type { PlaybookDefinition, PlaybookParameter, PlaybookSummary, PlaybookBody } from '@runvoy/protocol';
import { recordIdOf } from '../records/record-id.ts';
import type { DeclaredQuery, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** A parameter, checked, with the variable it goes into. */
export interface Parameter extends PlaybookParameter {
  readonly variable: string;
}

/** What one version says, checked. */
export interface Definition extends PlaybookDefinition {
  readonly parameters: readonly Parameter[];
}

/** A playbook: who owns it, and which of its versions there are. */
export interface Playbook {
  readonly name: string;
  /** The newest. */
  readonly version: number;
  /** The first since it was created last: what was deleted before it does not come back with its name. */
  readonly first_version: number;
  /** There until it is deleted. The record stays, so that no number of a version is given twice. */
  readonly listed?: true;
  readonly description?: string;
  readonly owned_by: readonly string[];
  readonly created_by: string;
  readonly updated_by: string;
  readonly created_at_ms: Millis;
  readonly updated_at_ms: Millis;
  readonly created_by_request_id: string;
  readonly modified_by_request_id: string;
}

/** One version. Never changed and never deleted by us: runs name it. */
export interface PlaybookVersion {
  readonly name: string;
  readonly version: number;
  readonly definition: Definition;
  readonly created_by: string;
  readonly created_at_ms: Millis;
  readonly created_by_request_id: string;
}

export const playbookRef = (name: string): Ref<Playbook> => ({ collection: 'playbooks', id: recordIdOf(name) });
export const playbookVersionRef = (name: string, version: number): Ref<PlaybookVersion> => ({
  collection: 'playbook-versions',
  id: recordIdOf(`${name}@${version}`),
});
export const playbooksByName: DeclaredQuery<Playbook> = { name: 'playbooksByName' };
export const versionsOfPlaybook: DeclaredQuery<PlaybookVersion> = { name: 'versionsOfPlaybook' };

/** A playbook as lists show it. */
export function playbookSummary(playbook: Playbook): PlaybookSummary {
  const { name, version, description, owned_by, created_by, updated_by } = playbook;
  return {
    name,
    version,
    ...(description === undefined ? {} : { description }),
    owned_by,
    created_by,
    created_at: rfc3339(playbook.created_at_ms),
    updated_by,
    updated_at: rfc3339(playbook.updated_at_ms),
    created_by_request_id: playbook.created_by_request_id,
    modified_by_request_id: playbook.modified_by_request_id,
  };
}

/** A playbook at one of its versions, as the API shows it: `version` and `description` are that version's. */
export function playbookBody(playbook: Playbook, version: PlaybookVersion): PlaybookBody {
  const { description: _, ...summary } = playbookSummary(playbook);
  const { description } = version.definition;
  return {
    ...summary,
    ...(description === undefined ? {} : { description }),
    version: version.version,
    version_by: version.created_by,
    version_at: rfc3339(version.created_at_ms),
    definition: version.definition,
  };
}

const rfc3339 = (ms: Millis): string => new Date(ms).toISOString();
