import { recordIdOf } from '../records/record-id.ts';
import type { DeclaredQuery, Ref } from '../records/records.ts';
import type { Millis } from '../time/clock.ts';

/** A registered image with the size it runs in. */
export interface Image {
  readonly image_id: string;
  /** The reference as registered. */
  readonly image: string;
  /** 1024 = one vCPU. */
  readonly cpu: number;
  readonly memory_mib: number;
  /** Cpu or memory was asked for, so no run may have more. Absent = the sizes are our own defaults. */
  readonly is_sized?: true;
  readonly network?: 'none';
  /** How many runs of it may be under way at once. Absent: the deployment's limit for images. */
  readonly max_running?: number;
  readonly runtime_platform: string;
  readonly task_role_name?: string;
  readonly task_execution_role_name?: string;
  readonly created_by: string;
  readonly owned_by: readonly string[];
  readonly created_at_ms: Millis;
  readonly created_by_request_id: string;
  readonly modified_by_request_id: string;
}

/** Which image runs get that name none. Its own record, so that there is at most one by construction. */
export interface DefaultImage {
  readonly image_id: string;
  /** A copy, so that a run needs one read: whoever changes the image changes it in the same transaction. Older records have none. */
  readonly image?: Image;
}

/** Ids hold slashes, record ids may not. */
export const imageRef = (imageId: string): Ref<Image> => ({ collection: 'images', id: recordIdOf(imageId) });
export const defaultImageRef: Ref<DefaultImage> = { collection: 'settings', id: 'default-image' };
export const imagesByReference: DeclaredQuery<Image> = { name: 'imagesByReference' };
