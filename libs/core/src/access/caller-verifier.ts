/** Who may call a route: the account behind the request, and what its token must have been made for. */
export interface ExpectedCaller {
  /** The token's audience: the URL of the service that is called. */
  readonly audience: string;
  /** The accounts that may call. */
  readonly emails: readonly string[];
}

/** Tells which account is behind a request that comes from a platform service or a job, not from a user. */
export interface CallerVerifier {
  /**
   * Resolves with the verified caller. Fails with `UNAUTHORIZED` when there is no token or it proves nothing, and with `FORBIDDEN`
   * when it proves somebody who is no caller of this route.
   */
  verify(
    headers: Readonly<Record<string, string | string[] | undefined>>,
    expected: ExpectedCaller,
  ): Promise<{ readonly email: string }>;
}
