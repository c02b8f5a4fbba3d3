import { randomBytes } from 'node:crypto';
import type { SecretManagerServiceClient } from '@google-cloud/secret-manager';
import { DATA_KEY_BYTES, Failure } from '@runvoy/core';
import type { Clock, DataKey, DataKeys } from '@runvoy/core';
import { crc32c } from './crc32c.ts';
import { plaintextEndpoint } from './endpoint.ts';

export interface SecretManagerKeysOptions {
  readonly project: string;
  /** `RUNVOY_GCP_SECRETS_PREFIX`; the secret is called `<prefix>-data-key`. */
  readonly prefix: string;
  /** `RUNVOY_GCP_SECRETS_KMS_KEY`, the full name of the key that the secret is encrypted with; Google's own without it. */
  readonly kmsKey?: string | undefined;
  /** Another address than Google's, `host:port`, in plain text. */
  readonly endpoint?: string | undefined;
  readonly clock: Pick<Clock, 'sleep' | 'now'>;
}

// google.rpc.Code
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const FAILED_PRECONDITION = 9;

const DEADLINE_MS = 10_000;
/** A version number; also what keeps a forged key id from becoming another resource's name. */
const VERSION = /^[1-9]\d{0,8}$/;
/** How often, and how far apart, a service that lost the race looks for the winner's key before it adds one itself. */
const LOOKS = 5;
const LOOK_PAUSE_MS = 300;
/** How long a process seals with the version it knows before it looks for a newer one. */
const FRESH_MS = 5 * 60_000;

/**
 * Data keys as versions of one secret: the id of a key is its version number. The newest version seals. A process looks for a newer
 * one every five minutes and never goes back to an older one, because `latest` is only eventually consistent. Every version that was
 * not destroyed opens.
 */
export function secretManagerKeys(options: SecretManagerKeysOptions): DataKeys {
  return new SecretManagerKeys(options);
}

class SecretManagerKeys implements DataKeys {
  readonly place: string;
  readonly #options: SecretManagerKeysOptions;
  readonly #project: string;
  readonly #secretId: string;
  readonly #found = new Map<string, Promise<DataKey | undefined>>();
  #client: Promise<SecretManagerServiceClient> | undefined;
  #current: Promise<DataKey> | undefined;
  #freshUntilMs = 0;

  constructor(options: SecretManagerKeysOptions) {
    this.#options = options;
    this.#project = `projects/${options.project}`;
    this.#secretId = `${options.prefix}-data-key`;
    this.place = `the secret ${this.#secretId}`;
  }

  current(): Promise<DataKey> {
    const nowMs = this.#options.clock.now();
    if (this.#current && nowMs < this.#freshUntilMs) return this.#current;
    this.#freshUntilMs = nowMs + FRESH_MS;
    const known = this.#current;
    this.#current = known ? this.#newerThan(known) : this.#asking(() => this.#readOrCreate());
    this.#current.catch(() => (this.#current = undefined)); // The next one may be luckier.
    return this.#current;
  }

  async isOlder(id: string): Promise<boolean> {
    return VERSION.test(id) && Number(id) < Number((await this.current()).id);
  }

  async add(): Promise<DataKey> {
    await this.current(); // Makes the secret where it is not there yet.
    const added = await this.#asking(() => this.#addKey());
    return this.#seal(added);
  }

  /** Seals with this one from now on, unless a newer one is known. */
  async #seal(key: DataKey): Promise<DataKey> {
    const known = await this.current();
    if (Number(known.id) < Number(key.id)) this.#current = Promise.resolve(key);
    return key;
  }

  /** The newest version, or the one that is known: it seals as well while Secret Manager does not answer. */
  async #newerThan(pinned: Promise<DataKey>): Promise<DataKey> {
    const known = await pinned;
    const latest = await this.#latest().catch(() => undefined);
    return latest && Number(latest.id) > Number(known.id) ? latest : known;
  }

  async find(id: string): Promise<Uint8Array | undefined> {
    if (!VERSION.test(id)) return undefined;
    const known = this.#found.get(id) ?? this.#asking(() => this.#access(id));
    this.#found.set(id, known);
    // Neither a failure nor an absence is remembered: a version may be enabled again.
    const forget = () => this.#found.delete(id);
    const key = await known.catch((error: unknown) => {
      forget();
      throw error;
    });
    if (!key) forget();
    return key?.key;
  }

  async #readOrCreate(): Promise<DataKey> {
    return (await this.#latest()) ?? (await this.#create());
  }

  async #create(): Promise<DataKey> {
    const client = await this.#connect();
    const secret = { replication: replicationUnder(this.#options.kmsKey), labels: { 'managed-by': 'runvoy' } };
    try {
      await client.createSecret({ parent: this.#project, secretId: this.#secretId, secret }, CALL);
    } catch (error) {
      if (codeOf(error) !== ALREADY_EXISTS) throw error;
      const winners = await this.#awaitLatest();
      if (winners) return winners;
      // Whoever created the secret did not live to add the key.
    }
    return this.#addKey();
  }

  async #awaitLatest(): Promise<DataKey | undefined> {
    for (let look = 0; look < LOOKS; look++) {
      const key = await this.#latest();
      if (key) return key;
      await this.#options.clock.sleep(LOOK_PAUSE_MS);
    }
    return undefined;
  }

  /** Should two add a key at once after all, both are versions, and every version opens. */
  async #addKey(): Promise<DataKey> {
    const client = await this.#connect();
    const data = randomBytes(DATA_KEY_BYTES);
    const parent = `${this.#project}/secrets/${this.#secretId}`;
    const [version] = await client.addSecretVersion({ parent, payload: { data, dataCrc32c: crc32c(data) } }, CALL);
    // The answer carries the number; `latest` may not know it yet.
    return this.#remember({ id: lastSegment(version.name), key: data });
  }

  async #latest(): Promise<DataKey | undefined> {
    const key = await this.#access('latest');
    return key && this.#remember(key);
  }

  async #access(version: string): Promise<DataKey | undefined> {
    const client = await this.#connect();
    const name = `${this.#project}/secrets/${this.#secretId}/versions/${version}`;
    try {
      const [answer] = await client.accessSecretVersion({ name }, CALL);
      return { id: lastSegment(answer.name), key: checkedPayload(name, answer.payload) };
    } catch (error) {
      if (codeOf(error) === NOT_FOUND) return undefined;
      if (codeOf(error) === FAILED_PRECONDITION && version !== 'latest') return undefined;
      throw error;
    }
  }

  #remember(key: DataKey): DataKey {
    this.#found.set(key.id, Promise.resolve(key));
    return key;
  }

  #connect(): Promise<SecretManagerServiceClient> {
    this.#client ??= connect(this.#options);
    return this.#client;
  }

  async #asking<R>(ask: () => Promise<R>): Promise<R> {
    try {
      return await ask();
    } catch (cause) {
      const why = `The data key in ${this.#project}/secrets/${this.#secretId} could not be used: ${(cause as Error).message}`;
      throw new Failure('STORE_UNAVAILABLE', '', { cause: new Error(why, { cause }) });
    }
  }
}

const CALL = { timeout: DEADLINE_MS };

async function connect({ project, endpoint }: SecretManagerKeysOptions): Promise<SecretManagerServiceClient> {
  const { SecretManagerServiceClient: Client } = await import('@google-cloud/secret-manager');
  return new Client({ projectId: project, ...(await plaintextEndpoint(endpoint)) });
}

/** A key in `global` goes with automatic replication; any other only with a replica where it lies. */
function replicationUnder(kmsKeyName: string | undefined) {
  if (kmsKeyName === undefined) return { automatic: {} };
  const customerManagedEncryption = { kmsKeyName };
  const location = /\/locations\/([^/]+)\//.exec(kmsKeyName)?.[1];
  if (location === undefined || location === 'global') return { automatic: { customerManagedEncryption } };
  return { userManaged: { replicas: [{ location, customerManagedEncryption }] } };
}

function checkedPayload(
  name: string,
  payload: { data?: Uint8Array | string | null; dataCrc32c?: { toString(): string } | null } | null | undefined,
): Uint8Array {
  const data = payload?.data;
  if (!(data instanceof Uint8Array) || data.length !== DATA_KEY_BYTES) {
    throw new Error(`${name} holds no key of ${DATA_KEY_BYTES} bytes; restore the version that did.`);
  }
  const told = payload?.dataCrc32c;
  if (told != null && told.toString() !== String(crc32c(data)))
    throw new Error(`${name} did not arrive as it was sent.`);
  return data;
}

function lastSegment(name: string | null | undefined): string {
  return (name ?? '').split('/').at(-1) ?? '';
}

function codeOf(error: unknown): number | undefined {
  return (error as { code?: number }).code;
}
