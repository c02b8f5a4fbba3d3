import type {
  CanAnswer,
  ChangeUserAnswer,
  ChangePlaybookRequest,
  ClaimAnswer,
  CreateKeyRequest,
  CreatePlaybookRequest,
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
  ImportExecutionsAnswer,
  ImportExecutionsRequest,
  ImportLogAnswer,
  ImportLogRequest,
  ListAuditAnswer,
  ListDeadLettersAnswer,
  ListImagesAnswer,
  ListPlaybooksAnswer,
  ListPlaybookVersionsAnswer,
  ListKeysAnswer,
  ListSecretsAnswer,
  ListUsersAnswer,
  LogsBody,
  LogStream,
  PlaybookAnswer,
  PlaybookRemoved,
  RegisterImageRequest,
  ReplayAnswer,
  ResealAnswer,
  RevokeUserAnswer,
  RunAnswer,
  RunPlaybookRequest,
  RunRequest,
  SealingKeyAnswer,
  SearchLogBody,
  SecretAnswer,
  SecretMessage,
  SignInLinkAnswer,
  TicketBody,
  TraceAnswer,
  UpdateSecretRequest,
  UserBody,
  VerifyAuditAnswer,
  VerifyLogBody,
  WaitedRunAnswer,
  WhoAmIAnswer,
} from '@runvoy/protocol';
import { ANSWER_MS, ApiCaller, type CallOptions, type RunvoyOptions } from './api-caller.ts';

/** A part of the report may take 25 s. */
const RECONCILE_MS = 60_000;

/** Which part of a log: what follows a line, the last lines, or those between two times (RFC 3339). */
export interface LogPart {
  readonly after?: number;
  readonly limit?: number;
  /** Goes with neither `after` nor `from`. */
  readonly tail?: number;
  readonly from?: string;
  readonly to?: string;
}

/** What to find in a log. */
export interface LogSearchQuery {
  /** Without it, lines that look like errors. */
  readonly q?: string;
  /** `q` is an RE2 expression. */
  readonly regex?: boolean;
  readonly ignore_case?: boolean;
  readonly stream?: LogStream;
  readonly after?: number;
  /** How many hits are listed; 100 unless given. 0 only counts. */
  readonly limit?: number;
  /** False: the answer comes when the list is full, and no hit behind it is counted. */
  readonly count?: boolean;
}

/**
 * runvoy's REST API. Every call fails with a `RunvoyError`. What reads is tried again when nobody answers or the server has no time;
 * so is what creates, under an Idempotency-Key of its own. What changes or removes is sent once.
 */
export class RunvoyClient {
  readonly #caller: ApiCaller;

  constructor(options: RunvoyOptions) {
    this.#caller = new ApiCaller(options);
  }

  get endpoint(): string {
    return this.#caller.endpoint;
  }

  /** Accepts a run. The same key again finds the same run. */
  run(request: RunRequest, idempotencyKey?: string, call?: CallOptions): Promise<RunAnswer> {
    return this.#create('/run', request, idempotencyKey, call);
  }

  /** As `run`, and stays up to `seconds` (at most 60) for its end: the answer has an `exit_code` when it came in time. */
  runAndWait(request: RunRequest, seconds: number, idempotencyKey?: string): Promise<RunAnswer | WaitedRunAnswer> {
    return this.#create('/run', request, idempotencyKey, {
      headers: { prefer: `wait=${seconds}` },
      timeoutMs: seconds * 1_000 + ANSWER_MS,
    });
  }

  list(query: ListQuery, call?: CallOptions): Promise<ExecutionBody[]> {
    return this.#caller.json('GET', `/executions?${listParams(query)}`, call);
  }

  /** A page of runs and the `cursor` of the next; a page can be short, also empty, and still have one. */
  async listPage(query: ListQuery, call?: CallOptions): Promise<ExecutionPage> {
    const { body, ...next } = await this.#caller.page('GET', `/executions?${listParams(query)}`, call);
    return { executions: body as ExecutionBody[], ...next };
  }

  /** Everything that is known of a run. */
  execution(id: string): Promise<ExecutionBody> {
    return this.#caller.json('GET', `/executions/${encodeURIComponent(id)}`);
  }

  status(id: string, call?: CallOptions): Promise<ExecutionStatusBody> {
    return this.#caller.json('GET', `/executions/${encodeURIComponent(id)}/status`, call);
  }

  explain(id: string): Promise<ExplainBody> {
    return this.#caller.json('GET', `/executions/${encodeURIComponent(id)}/explain`);
  }

  /** The log as runvoy's clients read it: while it runs only where to stream it from, afterwards all of it in one answer. */
  log(id: string, call?: CallOptions): Promise<LogsBody> {
    return this.#caller.json('GET', `/executions/${encodeURIComponent(id)}/logs`, call);
  }

  /** Lines after `after`, in any state of the run. */
  logPage(id: string, after: number, limit: number, call?: CallOptions): Promise<LogsBody> {
    return this.#caller.json('GET', `/executions/${encodeURIComponent(id)}/logs?after=${after}&limit=${limit}`, call);
  }

  /** A part of the log, in any state of the run. */
  logPart(id: string, part: LogPart, call?: CallOptions): Promise<LogsBody> {
    return this.#caller.json('GET', `/executions/${encodeURIComponent(id)}/logs?${givenParams(part)}`, call);
  }

  /** The whole log as text, as people keep it. */
  async logText(id: string, call: CallOptions = {}): Promise<string> {
    const headers = { accept: 'text/plain', ...call.headers };
    return (await this.#caller.send('GET', `/executions/${encodeURIComponent(id)}/logs.txt`, { ...call, headers }))
      .text;
  }

  /** Searches the stored log on the server: a page of hits, and how many there are in what was read. */
  searchLog(id: string, search: LogSearchQuery, call?: CallOptions): Promise<SearchLogBody> {
    return this.#caller.json('GET', `/executions/${encodeURIComponent(id)}/logs/search?${givenParams(search)}`, call);
  }

  /** What the stored lines amount to, worked out anew by the server. */
  verifyLog(id: string, call?: CallOptions): Promise<VerifyLogBody> {
    return this.#caller.json('GET', `/executions/${encodeURIComponent(id)}/logs/verify`, call);
  }

  /** URLs that open this one log without a key; an hour unless `seconds` are given. Each is a credential. */
  ticket(id: string, seconds?: number): Promise<TicketBody> {
    const query = seconds === undefined ? '' : `?expires_in=${seconds}`;
    return this.#caller.json('POST', `/executions/${encodeURIComponent(id)}/ticket${query}`);
  }

  /**
   * `already`: it had ended, or is being stopped in no more time. `graceS`: seconds from SIGTERM to SIGKILL instead of the run's own;
   * 0 kills at once.
   */
  async stop(id: string, graceS?: number): Promise<'requested' | 'already'> {
    const query = graceS === undefined ? '' : graceS === 0 ? '?force=true' : `?grace=${graceS}`;
    const { status } = await this.#caller.send('DELETE', `/executions/${encodeURIComponent(id)}${query}`);
    return status === 204 ? 'already' : 'requested';
  }

  claim(token: string): Promise<ClaimAnswer> {
    return this.#caller.json('POST', `/claim/${encodeURIComponent(token)}`);
  }

  signInLink(): Promise<SignInLinkAnswer> {
    return this.#caller.json('POST', '/users/login-link');
  }

  users(): Promise<ListUsersAnswer> {
    return this.#caller.json('GET', '/users');
  }

  user(email: string): Promise<UserBody> {
    return this.#caller.json('GET', `/users/${encodeURIComponent(email)}`);
  }

  createUser(request: CreateUserRequest): Promise<CreateUserAnswer> {
    return this.#create('/users/create', request);
  }

  revokeUser(email: string): Promise<RevokeUserAnswer> {
    return this.#caller.json('POST', '/users/revoke', { body: { email } });
  }

  changeRole(email: string, role: string): Promise<ChangeUserAnswer> {
    return this.#caller.json('PUT', `/users/${encodeURIComponent(email)}/role`, { body: { role } });
  }

  whoAmI(): Promise<WhoAmIAnswer> {
    return this.#caller.json('GET', '/whoami');
  }

  /** Whether the caller may, and by which rule; `thing` is `execution:<id>` or `secret:<name>`. */
  can(permission: string, thing?: string): Promise<CanAnswer> {
    const params = new URLSearchParams({ permission, ...(thing === undefined ? {} : { thing }) });
    return this.#caller.json('GET', `/can?${params}`);
  }

  keys(user?: string): Promise<ListKeysAnswer> {
    return this.#caller.json('GET', `/keys${user === undefined ? '' : `?${new URLSearchParams({ user })}`}`);
  }

  key(keyId: string): Promise<KeyBody> {
    return this.#caller.json('GET', `/keys/${encodeURIComponent(keyId)}`);
  }

  /** The only answer, but for a rotation's, that holds the key. */
  createKey(request: CreateKeyRequest): Promise<KeyAnswer> {
    return this.#create('/keys', request);
  }

  rotateKey(keyId: string, overlapS: number): Promise<KeyAnswer> {
    return this.#create(`/keys/${encodeURIComponent(keyId)}/rotate`, { overlap: overlapS });
  }

  revokeKey(keyId: string): Promise<{ readonly key: KeyBody }> {
    return this.#caller.json('DELETE', `/keys/${encodeURIComponent(keyId)}`);
  }

  images(): Promise<ListImagesAnswer> {
    return this.#caller.json('GET', '/images');
  }

  image(name: string): Promise<ImageBody> {
    return this.#caller.json('GET', `/images/${encodeURIComponent(name)}`);
  }

  registerImage(request: RegisterImageRequest): Promise<ImageAnswer> {
    return this.#create('/images/register', request);
  }

  removeImage(imageId: string): Promise<ImageAnswer> {
    return this.#caller.json('DELETE', `/images/${encodeURIComponent(imageId)}`);
  }

  playbooks(
    query: { readonly after?: string | undefined; readonly limit?: number } = {},
  ): Promise<ListPlaybooksAnswer> {
    return this.#caller.json('GET', `/playbooks?${pageParams(query)}`);
  }

  /** At a version; the newest unless given. */
  playbook(name: string, version?: number): Promise<PlaybookAnswer> {
    return this.#caller.json('GET', `${playbookPath(name)}${version === undefined ? '' : `?version=${version}`}`);
  }

  playbookVersions(
    name: string,
    query: { readonly after?: string | undefined; readonly limit?: number } = {},
  ): Promise<ListPlaybookVersionsAnswer> {
    return this.#caller.json('GET', `${playbookPath(name)}/versions?${pageParams(query)}`);
  }

  createPlaybook(request: CreatePlaybookRequest): Promise<PlaybookAnswer> {
    return this.#create('/playbooks', request);
  }

  /** The whole definition; the same as the newest version makes none. */
  changePlaybook(name: string, definition: ChangePlaybookRequest): Promise<PlaybookAnswer> {
    return this.#caller.json('PUT', playbookPath(name), { body: definition });
  }

  removePlaybook(name: string): Promise<PlaybookRemoved> {
    return this.#caller.json('DELETE', playbookPath(name));
  }

  /** Accepts a run of a playbook. The same key again finds the same run. */
  runPlaybook(name: string, request: RunPlaybookRequest, key?: string, call?: CallOptions): Promise<RunAnswer> {
    return this.#create(`${playbookPath(name)}/run`, request, key, call);
  }

  /** Everything that carries the id of a request. */
  trace(requestId: string): Promise<TraceAnswer> {
    return this.#caller.json('GET', `/trace/${encodeURIComponent(requestId)}`);
  }

  audit(query: Readonly<Record<string, string>>): Promise<ListAuditAnswer> {
    return this.#caller.json('GET', `/audit?${new URLSearchParams(query)}`);
  }

  verifyAudit(): Promise<VerifyAuditAnswer> {
    return this.#caller.json('GET', '/audit/verify');
  }

  secrets(): Promise<ListSecretsAnswer> {
    return this.#caller.json('GET', '/secrets');
  }

  /** With its value. */
  secret(name: string): Promise<SecretAnswer> {
    return this.#caller.json('GET', `/secrets/${encodeURIComponent(name)}`);
  }

  createSecret(request: CreateSecretRequest): Promise<SecretMessage> {
    return this.#create('/secrets', request);
  }

  updateSecret(name: string, request: UpdateSecretRequest): Promise<SecretMessage> {
    return this.#caller.json('PUT', `/secrets/${encodeURIComponent(name)}`, { body: request });
  }

  removeSecret(name: string): Promise<SecretMessage> {
    return this.#caller.json('DELETE', `/secrets/${encodeURIComponent(name)}`);
  }

  /** Lets a user use a secret in runs. */
  grantSecret(name: string, email: string): Promise<SecretMessage> {
    return this.#caller.json('PUT', grantPath(name, email));
  }

  ungrantSecret(name: string, email: string): Promise<SecretMessage> {
    return this.#caller.json('DELETE', grantPath(name, email));
  }

  /** Which key seals secrets, and what older ones still seal. */
  sealingKey(): Promise<SealingKeyAnswer> {
    return this.#caller.json('GET', '/sealing-key');
  }

  rotateSealingKey(): Promise<ResealAnswer> {
    return this.#caller.json('POST', '/sealing-key/rotate', { timeoutMs: RECONCILE_MS });
  }

  reseal(): Promise<ResealAnswer> {
    return this.#caller.json('POST', '/sealing-key/reseal', { timeoutMs: RECONCILE_MS });
  }

  /** Runs that ended in another deployment. */
  importExecutions(request: ImportExecutionsRequest): Promise<ImportExecutionsAnswer> {
    return this.#create('/import/executions', request);
  }

  importLog(id: string, request: ImportLogRequest): Promise<ImportLogAnswer> {
    return this.#caller.json('POST', `/import/executions/${encodeURIComponent(id)}/log`, { body: request });
  }

  /** The open ones, the longest dead first. */
  deadLetters({ limit, after }: { limit: number; after?: string | undefined }): Promise<ListDeadLettersAnswer> {
    const params = new URLSearchParams({ limit: String(limit), ...(after === undefined ? {} : { after }) });
    return this.#caller.json('GET', `/dead-letters?${params}`);
  }

  /** With its event. */
  deadLetter(id: string): Promise<DeadLetterDetails> {
    return this.#caller.json('GET', `/dead-letters/${encodeURIComponent(id)}`);
  }

  replayDeadLetter(id: string): Promise<ReplayAnswer> {
    return this.#caller.json('POST', `/dead-letters/${encodeURIComponent(id)}/replay`);
  }

  dropDeadLetter(id: string): Promise<DeadLetterBody> {
    return this.#caller.json('DELETE', `/dead-letters/${encodeURIComponent(id)}`);
  }

  health(call?: CallOptions): Promise<HealthBody> {
    return this.#caller.json('GET', '/health', call);
  }

  /** The last scheduled one. */
  healthReport(): Promise<HealthReportAnswer> {
    return this.#caller.json('GET', '/health/report');
  }

  /** Repairs and reports within the request. */
  reconcile(): Promise<HealthReportAnswer> {
    return this.#caller.json('POST', '/health/reconcile', { timeoutMs: RECONCILE_MS });
  }

  #create<T>(path: string, body: unknown, key: string = this.#caller.newKey(), call: CallOptions = {}): Promise<T> {
    return this.#caller.json('POST', path, { ...call, body, idempotencyKey: key });
  }
}

/** What runs are looked for by. All of it has to be true of a run. */
export interface ListQuery {
  /** How many; 10 unless given, 0 = all. */
  readonly limit?: string | undefined;
  /** Several separated by commas. */
  readonly status?: string | undefined;
  readonly image?: string | undefined;
  /** Each as `key=value`. */
  readonly labels?: readonly string[] | undefined;
  readonly user?: string | undefined;
  /** RFC 3339. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly cursor?: string | undefined;
}

export interface ExecutionPage {
  readonly executions: ExecutionBody[];
  readonly next?: string;
}

function listParams({ labels = [], ...query }: ListQuery): URLSearchParams {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new URLSearchParams([...given, ...labels.map((label): [string, string] => ['label', label])]);
}

function givenParams(query: object): URLSearchParams {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
}

function pageParams({
  after,
  limit,
}: {
  readonly after?: string | undefined;
  readonly limit?: number;
}): URLSearchParams {
  return new URLSearchParams({
    ...(after === undefined ? {} : { after }),
    ...(limit === undefined ? {} : { limit: String(limit) }),
  });
}

function playbookPath(name: string): string {
  return `/playbooks/${encodeURIComponent(name)}`;
}

function grantPath(name: string, email: string): string {
  return `/secrets/${encodeURIComponent(name)}/grants/${encodeURIComponent(email)}`;
}
