/** Makes a Google ID token for an account and an audience. */
export type MintToken = (account: string, audience: string) => string | Promise<string>;

/** The account in whose name a platform service calls, and what its token is made for: the address, unless told. */
export interface OidcToken {
  readonly serviceAccountEmail: string;
  readonly audience?: string | undefined;
}

export interface SignedPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
  readonly oidcToken?: OidcToken | undefined;
  /** How long an answer may take, in real time. */
  readonly deadlineMs: number;
  readonly method?: string;
}

/** Posts as Pub/Sub, Eventarc and Scheduler do. Answers the HTTP status, or 0 when none came in time. */
export async function signedPost(mintToken: MintToken, post: SignedPost, signal?: AbortSignal): Promise<number> {
  const { url, headers, body, oidcToken, deadlineMs, method = 'POST' } = post;
  const deadline = AbortSignal.timeout(deadlineMs);
  const token = oidcToken && (await mintToken(oidcToken.serviceAccountEmail, oidcToken.audience ?? url));
  try {
    const answer = await fetch(url, {
      method,
      headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
      ...(method === 'GET' ? {} : { body: body as BodyInit }),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
      redirect: 'manual',
    });
    await answer.arrayBuffer();
    return answer.status;
  } catch {
    return 0;
  }
}
