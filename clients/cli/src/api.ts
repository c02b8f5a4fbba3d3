import type {
  CanAnswer,
  ChangeUserAnswer,
  ClaimAnswer,
  CreateKeyRequest,
  CreateSecretRequest,
  CreateUserAnswer,
  CreateUserRequest,
  DeadLetterBody,
  DeadLetterDetails,
  ExecutionBody,
  ExecutionStatusBody,
  ExplainBody,
  HealthBody,
  HealthReportAnswer,
  ImageAnswer,
  ImageBody,
  KeyAnswer,
  KeyBody,
  ListAuditAnswer,
  ListDeadLettersAnswer,
  ListImagesAnswer,
  ListKeysAnswer,
  ListSecretsAnswer,
  ListUsersAnswer,
  LogsBody,
  RegisterImageRequest,
  ReplayAnswer,
  ResealAnswer,
  RevokeUserAnswer,
  RunAnswer,
  RunRequest,
  SealingKeyAnswer,
  SecretAnswer,
  SecretMessage,
  SignInLinkAnswer,
  UpdateSecretRequest,
  VerifyAuditAnswer,
  WhoAmIAnswer,
} from '@runvoy/protocol';
import { ApiProblem, Unreachable } from './api-problem.ts';
import { sendRequest, type HttpRequest } from './http-request.ts';
import { Problem } from './problem.ts';

const ANSWER_MS = 30_000;
/** A part of the report may take 25 s. */
const RECONCILE_MS = 60_000;

/** Where the API is, and as whom we call it. */
export interface ApiAccess {
  readonly endpoint: string;
  readonly apiKey?: string | undefined;
}

interface Call {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** runvoy's REST API. Every call fails with an `ApiProblem` (an answer) or `Unreachable` (none). */
export class RunvoyApi {
  readonly #access: ApiAccess;

  constructor(access: ApiAccess) {
    this.#access = access;
  }

  get endpoint(): string {
    return this.#access.endpoint;
  }

  run(request: RunRequest, idempotencyKey: string): Promise<RunAnswer> {
    return this.#json('POST', '/run', { body: request, headers: { 'idempotency-key': idempotencyKey } });
  }

  list(query: { readonly limit?: string | undefined; readonly status?: string | undefined }): Promise<ExecutionBody[]> {
    const params = new URLSearchParams();
    if (query.limit !== undefined) params.set('limit', query.limit);
    if (query.status !== undefined) params.set('status', query.status);
    return this.#json('GET', `/executions?${params}`);
  }

  status(id: string, signal?: AbortSignal): Promise<ExecutionStatusBody> {
    return this.#json('GET', `/executions/${encodeURIComponent(id)}/status`, { signal });
  }

  explain(id: string): Promise<ExplainBody> {
    return this.#json('GET', `/executions/${encodeURIComponent(id)}/explain`);
  }

  /** Lines after `after`, in any state of the run. */
  logPage(id: string, after: number, limit: number, signal?: AbortSignal): Promise<LogsBody> {
    return this.#json('GET', `/executions/${encodeURIComponent(id)}/logs?after=${after}&limit=${limit}`, { signal });
  }

  /**
   * `already`: it had ended, or is being stopped in no more time. `graceS`: seconds from SIGTERM to SIGKILL instead of the run's own;
   * 0 kills at once.
   */
  async stop(id: string, graceS?: number): Promise<'requested' | 'already'> {
    const query = graceS === undefined ? '' : graceS === 0 ? '?force=true' : `?grace=${graceS}`;
    const { status } = await this.#send('DELETE', `/executions/${encodeURIComponent(id)}${query}`, {});
    return status === 204 ? 'already' : 'requested';
  }

  claim(token: string): Promise<ClaimAnswer> {
    return this.#json('POST', `/claim/${encodeURIComponent(token)}`);
  }

  signInLink(): Promise<SignInLinkAnswer> {
    return this.#json('POST', '/users/login-link');
  }

  users(): Promise<ListUsersAnswer> {
    return this.#json('GET', '/users');
  }

  createUser(request: CreateUserRequest): Promise<CreateUserAnswer> {
    return this.#json('POST', '/users/create', { body: request });
  }

  revokeUser(email: string): Promise<RevokeUserAnswer> {
    return this.#json('POST', '/users/revoke', { body: { email } });
  }

  changeRole(email: string, role: string): Promise<ChangeUserAnswer> {
    return this.#json('PUT', `/users/${encodeURIComponent(email)}/role`, { body: { role } });
  }

  whoAmI(): Promise<WhoAmIAnswer> {
    return this.#json('GET', '/whoami');
  }

  /** Whether the caller may, and by which rule; `thing` is `execution:<id>` or `secret:<name>`. */
  can(permission: string, thing?: string): Promise<CanAnswer> {
    const params = new URLSearchParams({ permission, ...(thing === undefined ? {} : { thing }) });
    return this.#json('GET', `/can?${params}`);
  }

  keys(user?: string): Promise<ListKeysAnswer> {
    return this.#json('GET', `/keys${user === undefined ? '' : `?${new URLSearchParams({ user })}`}`);
  }

  /** The only answer, but for a rotation's, that holds the key. */
  createKey(request: CreateKeyRequest): Promise<KeyAnswer> {
    return this.#json('POST', '/keys', { body: request });
  }

  rotateKey(keyId: string, overlapS: number): Promise<KeyAnswer> {
    return this.#json('POST', `/keys/${encodeURIComponent(keyId)}/rotate`, { body: { overlap: overlapS } });
  }

  revokeKey(keyId: string): Promise<{ readonly key: KeyBody }> {
    return this.#json('DELETE', `/keys/${encodeURIComponent(keyId)}`);
  }

  images(): Promise<ListImagesAnswer> {
    return this.#json('GET', '/images');
  }

  image(name: string): Promise<ImageBody> {
    return this.#json('GET', `/images/${encodeURIComponent(name)}`);
  }

  registerImage(request: RegisterImageRequest): Promise<ImageAnswer> {
    return this.#json('POST', '/images/register', { body: request });
  }

  removeImage(imageId: string): Promise<ImageAnswer> {
    return this.#json('DELETE', `/images/${encodeURIComponent(imageId)}`);
  }

  audit(query: Readonly<Record<string, string>>): Promise<ListAuditAnswer> {
    return this.#json('GET', `/audit?${new URLSearchParams(query)}`);
  }

  verifyAudit(): Promise<VerifyAuditAnswer> {
    return this.#json('GET', '/audit/verify');
  }

  secrets(): Promise<ListSecretsAnswer> {
    return this.#json('GET', '/secrets');
  }

  /** With its value. */
  secret(name: string): Promise<SecretAnswer> {
    return this.#json('GET', `/secrets/${encodeURIComponent(name)}`);
  }

  createSecret(request: CreateSecretRequest): Promise<SecretMessage> {
    return this.#json('POST', '/secrets', { body: request });
  }

  updateSecret(name: string, request: UpdateSecretRequest): Promise<SecretMessage> {
    return this.#json('PUT', `/secrets/${encodeURIComponent(name)}`, { body: request });
  }

  removeSecret(name: string): Promise<SecretMessage> {
    return this.#json('DELETE', `/secrets/${encodeURIComponent(name)}`);
  }

  /** Lets a user use a secret in runs. */
  grantSecret(name: string, email: string): Promise<SecretMessage> {
    return this.#json('PUT', grantPath(name, email));
  }

  ungrantSecret(name: string, email: string): Promise<SecretMessage> {
    return this.#json('DELETE', grantPath(name, email));
  }

  sealingKey(): Promise<SealingKeyAnswer> {
    return this.#json('GET', '/sealing-key');
  }

  rotateSealingKey(): Promise<ResealAnswer> {
    return this.#json('POST', '/sealing-key/rotate', { timeoutMs: RECONCILE_MS });
  }

  reseal(): Promise<ResealAnswer> {
    return this.#json('POST', '/sealing-key/reseal', { timeoutMs: RECONCILE_MS });
  }

  /** The open ones, the longest dead first. */
  deadLetters({ limit, after }: { limit: number; after?: string | undefined }): Promise<ListDeadLettersAnswer> {
    const params = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) });
    return this.#json('GET', `/dead-letters?${params}`);
  }

  /** With its event. */
  deadLetter(id: string): Promise<DeadLetterDetails> {
    return this.#json('GET', `/dead-letters/${encodeURIComponent(id)}`);
  }

  replayDeadLetter(id: string): Promise<ReplayAnswer> {
    return this.#json('POST', `/dead-letters/${encodeURIComponent(id)}/replay`);
  }

  dropDeadLetter(id: string): Promise<DeadLetterBody> {
    return this.#json('DELETE', `/dead-letters/${encodeURIComponent(id)}`);
  }

  health(timeoutMs = ANSWER_MS): Promise<HealthBody> {
    return this.#json('GET', '/health', { timeoutMs });
  }

  /** The last scheduled one. */
  healthReport(): Promise<HealthReportAnswer> {
    return this.#json('GET', '/health/report');
  }

  /** Repairs and reports within the request. */
  reconcile(): Promise<HealthReportAnswer> {
    return this.#json('POST', '/health/reconcile', { timeoutMs: RECONCILE_MS });
  }

  async #json<T>(method: HttpRequest['method'], path: string, call: Call = {}): Promise<T> {
    const { text } = await this.#send(method, path, call);
    try {
      return JSON.parse(text) as T;
    } catch (cause) {
      throw new Problem(`${this.endpoint} does not answer as runvoy's API does; is api_endpoint right?`, { cause });
    }
  }

  async #send(method: HttpRequest['method'], path: string, { headers, body, timeoutMs, signal }: Call) {
    const { endpoint, apiKey } = this.#access;
    const sent = sendRequest(new URL(`${endpoint}/api/v1${path}`), {
      method,
      headers: {
        accept: 'application/json',
        ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: timeoutMs ?? ANSWER_MS,
      signal,
    });
    const answer = await sent.catch((cause: unknown) => {
      throw new Unreachable(endpoint, cause);
    });
    if (answer.status >= 300) {
      throw new ApiProblem(answer.status, answer.text, answer.headers['x-request-id'] as string | undefined);
    }
    return answer;
  }
}

function grantPath(name: string, email: string): string {
  return `/secrets/${encodeURIComponent(name)}/grants/${encodeURIComponent(email)}`;
}
