/** How this deployment's jobs are run. */
export interface CloudRunSettings {
  readonly project: string;
  readonly region: string;
  /** The accounts that jobs may run as; none of them holds a role. */
  readonly serviceAccounts: readonly string[];
  readonly defaultServiceAccount: string;
  readonly sidecarImage: string;
  /** Where runners call, and the audience of their tokens. */
  readonly intakeUrl: string;
  readonly vpcConnector?: string | undefined;
  readonly vpcEgress?: 'all-traffic' | 'private-ranges-only' | undefined;
}
