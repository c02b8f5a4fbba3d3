import type { AuthClient } from 'google-auth-library';

/** Reads of IAM that the report needs. */
export interface IamApi {
  /** `absent`: there is no such account. Rejects with the answer's status otherwise. */
  stateOf(email: string): Promise<'enabled' | 'disabled' | 'absent'>;
}

const WITHIN_MS = 5_000;
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/**
 * IAM by REST, like Cloud Logging: one method of one resource. `-` for the project: an account's e-mail says which it belongs to.
 * At `endpoint` (`host:port`) it is spoken to in plaintext and without a token.
 */
export function openIamApi(endpoint: string | undefined): IamApi {
  let client: Promise<AuthClient> | undefined;
  const base = endpoint === undefined ? 'https://iam.googleapis.com' : `http://${endpoint}`;
  return {
    async stateOf(email) {
      client ??= openClient(endpoint === undefined);
      const url = `${base}/v1/projects/-/serviceAccounts/${encodeURIComponent(email)}`;
      try {
        const { data } = await (
          await client
        ).request<{ disabled?: boolean }>({ url, timeout: WITHIN_MS, retry: false });
        return data.disabled === true ? 'disabled' : 'enabled';
      } catch (error) {
        if (statusOf(error) === 404) return 'absent';
        throw error;
      }
    },
  };
}

/** The HTTP status of an answer that was a refusal. */
export function statusOf(error: unknown): number | undefined {
  const { status, response } = error as { readonly status?: number; readonly response?: { readonly status?: number } };
  return response?.status ?? status;
}

async function openClient(withToken: boolean): Promise<AuthClient> {
  const { GoogleAuth, PassThroughClient } = await import('google-auth-library');
  return withToken ? new GoogleAuth({ scopes: [SCOPE] }).getClient() : new PassThroughClient();
}
