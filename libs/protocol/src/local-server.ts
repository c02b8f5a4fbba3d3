/** The one JSON line that `--json` prints when a server is ready. */
export interface ReadyLine {
  /** Scheme, host and port, without a path: what goes into `api_endpoint`. */
  readonly api_url: string;
  readonly websocket_url: string;
  readonly console_url: string;
  readonly data_dir: string;
  readonly pid: number;
  readonly admin_email: string;
  /** Only when this start created the first admin. */
  readonly api_key?: string;
}

/**
 * `client.json` (0600) in the data directory: how a CLI on the same machine finds a live local server without configuration.
 * Live = a process `pid` exists and answers `GET /api/v1/health`.
 */
export interface LocalClientFile {
  readonly api_endpoint: string;
  readonly api_key: string;
  readonly admin_email: string;
  readonly pid: number;
}
