/** What one of Google's JSON APIs answered. */
export interface RestAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Google's JSON APIs, asked as whoever deploys. */
export interface GoogleRest {
  /** `path` begins with the version: `v1/projects/p`. Rejects when nobody answers. */
  ask(api: string, path: string, body?: object): Promise<RestAnswer>;
}

const LIMIT_MS = 30_000;

/**
 * Asks with an access token of the operator's (`gcloud auth print-access-token`). `origins` leads an API elsewhere, for fakes. Plain
 * requests and none of Google's clients: there are six calls, and each client costs half a second to load.
 */
export function googleRest(token: string, origins: (api: string) => string = (api) => `https://${api}`): GoogleRest {
  return {
    async ask(api, path, body) {
      const answer = await fetch(`${origins(api)}/${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
        signal: AbortSignal.timeout(LIMIT_MS),
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: objectIn(text) };
    },
  };
}

/** The words of Google's that a refusal carries. */
export function refusalText({ status, body }: RestAnswer): string {
  const { message } = (body['error'] ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' && message !== '' ? message : `HTTP ${status}`;
}

/** A front end before an API may answer with a page. */
function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
