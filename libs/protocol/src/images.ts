import type { Network } from './executions.ts';

/** `POST /api/v1/images/register`; fields we have no use for yet are accepted and kept. */
export interface RegisterImageRequest {
  readonly image: string;
  readonly is_default?: boolean;
  readonly cpu?: number;
  readonly memory?: number;
  /** `none`: its runs have no network. */
  readonly network?: Network;
  /** How many of its runs may be under way at once; 0 = as many as the deployment allows. Absent changes nothing. */
  readonly max_running?: number;
  readonly runtime_platform?: string;
  readonly task_role_name?: string;
  readonly task_execution_role_name?: string;
}
export interface ImageAnswer {
  readonly image: string;
  readonly message: string;
}
export interface ImageBody {
  readonly image_id: string;
  readonly image: string;
  readonly is_default: boolean;
  readonly cpu: number;
  readonly memory: number;
  readonly network: Network;
  readonly max_running?: number;
  readonly runtime_platform: string;
  readonly image_registry?: string;
  readonly image_name?: string;
  readonly image_tag?: string;
  readonly task_role_name?: string;
  readonly task_execution_role_name?: string;
  readonly created_by?: string;
  readonly owned_by: readonly string[];
  readonly created_at: string;
  readonly created_by_request_id: string;
  readonly modified_by_request_id: string;
}
export interface ListImagesAnswer {
  readonly images: readonly ImageBody[];
}
