/** `GET /api/v1/health`, without a key. */
export interface HealthBody {
  readonly status: 'ok';
  readonly version: string;
  readonly provider: string;
  readonly region?: string;
}
