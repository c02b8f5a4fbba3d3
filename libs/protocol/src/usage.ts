/** What a finished run used. */
export interface UsageBody {
  /** How long the platform held its resources, of all attempts together. */
  readonly seconds: number;
  /** The same as the platform charges it: on Cloud Run rounded up to 100 ms, and at least a minute each. */
  readonly charged_seconds: number;
  /** Charged time and size of all containers of the run: on Cloud Run of command and sidecar. */
  readonly vcpu_seconds: number;
  readonly gib_seconds: number;
  /** UTF-8 length of its log's texts. */
  readonly log_bytes: number;
  /** Records read and written for it. */
  readonly store_operations: number;
  readonly store_reads: number;
  readonly store_writes: number;
  /** How the figures came about, for a person. */
  readonly basis: string;
}

/** What it cost by the deployment's own table of prices. */
export interface CostBody {
  readonly estimate: number;
  readonly currency: string;
  readonly basis: string;
}
