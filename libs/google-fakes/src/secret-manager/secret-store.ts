import { status } from '@grpc/grpc-js';
import { crc32c } from '../crc32c.ts';
import { GrpcRefusal } from '../grpc-server.ts';
import { projectNumber } from '../project-number.ts';
import { checkReplication } from './replication.ts';
import type { Replication } from './replication.ts';

/** https://cloud.google.com/secret-manager/quotas */
const LARGEST_PAYLOAD = 65_536;
const SECRET_ID = /^[A-Za-z0-9_-]{1,255}$/;
const NAME = /^projects\/([^/]+)\/secrets\/([A-Za-z0-9_-]{1,255})(?:\/versions\/([^/]+))?$/;

type Timestamp = { readonly seconds: number; readonly nanos: number };
export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROYED';

interface Labelled {
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface ShownSecret extends Required<Labelled> {
  readonly name: string;
  readonly replication: Replication;
  readonly createTime: Timestamp;
  readonly etag: string;
}

interface Version {
  shown: {
    readonly name: string;
    readonly createTime: Timestamp;
    readonly destroyTime: Timestamp | null;
    readonly state: VersionState;
    readonly etag: string;
    readonly clientSpecifiedPayloadChecksum: boolean;
  };
  payload: Buffer | undefined;
}

interface Secret {
  shown: ShownSecret;
  readonly versions: Version[];
}

/** The secrets and their versions. Names are answered with the project's number, as Google does, whatever the caller wrote. */
export class SecretStore {
  readonly #secrets = new Map<string, Secret>();
  readonly #now: () => number;
  /** How many versions of a secret `latest` may see, while it is held. */
  #heldLatest: Map<string, number> | undefined;
  #etags = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** `latest` goes on naming the versions of this moment, as an eventually consistent one may, until it is released. */
  holdLatest(): void {
    this.#heldLatest = new Map([...this.#secrets].map(([name, { versions }]) => [name, versions.length]));
  }

  releaseLatest(): void {
    this.#heldLatest = undefined;
  }

  projectName(name: string): string {
    const match = /^projects\/([^/]+)$/.exec(name);
    if (!match) throw invalid(`The resource name [${name}] is not valid: projects/P is expected.`);
    return `projects/${projectNumber(match[1]!)}`;
  }

  /** The name as the server stores it. */
  canonical(name: string): string {
    const match = NAME.exec(name);
    if (!match) throw invalid(`The resource name [${name}] is not valid.`);
    const [, project, secret, version] = match;
    return `projects/${projectNumber(project!)}/secrets/${secret}${version ? `/versions/${version}` : ''}`;
  }

  create(parent: string, id: string, secret: (Labelled & { replication?: Replication }) | null): ShownSecret {
    if (!SECRET_ID.test(id)) throw invalid(`The secret id [${id}] must match ${SECRET_ID.source}.`);
    const name = `${this.projectName(parent)}/secrets/${id}`;
    const replication = checkReplication(secret?.replication);
    if (this.#secrets.has(name)) throw new GrpcRefusal(status.ALREADY_EXISTS, `Secret [${name}] already exists.`);
    const { labels = {}, annotations = {} } = secret ?? {};
    const shown = { name, replication, labels, annotations, createTime: this.#timestamp(), etag: this.#etag() };
    this.#secrets.set(name, { shown, versions: [] });
    return shown;
  }

  secret(name: string): Secret {
    const found = this.#secrets.get(name);
    if (!found) throw new GrpcRefusal(status.NOT_FOUND, `Secret [${name}] not found.`);
    return found;
  }

  list(parent: string, filter: string): readonly ShownSecret[] {
    const isMeant = readLabelFilter(filter);
    const below = `${this.projectName(parent)}/secrets/`;
    const all = [...this.#secrets.values()].map(({ shown }) => shown);
    return all.filter(({ name, labels }) => name.startsWith(below) && isMeant(labels));
  }

  update(name: string, change: Labelled & { readonly etag?: string }, paths: readonly string[]): ShownSecret {
    const secret = this.secret(name);
    checkEtag(change.etag, secret.shown.etag);
    const unknown = paths.find((path) => path !== 'labels' && path !== 'annotations');
    if (paths.length === 0 || unknown) throw invalid(`The update mask [${paths.join(',')}] names no field known here.`);
    secret.shown = {
      ...secret.shown,
      ...(paths.includes('labels') ? { labels: change.labels ?? {} } : {}),
      ...(paths.includes('annotations') ? { annotations: change.annotations ?? {} } : {}),
      etag: this.#etag(),
    };
    return secret.shown;
  }

  delete(name: string, etag?: string): void {
    checkEtag(etag, this.secret(name).shown.etag);
    this.#secrets.delete(name);
  }

  addVersion(name: string, payload: { data: Buffer; dataCrc32c?: string | null } | null): Version['shown'] {
    const secret = this.secret(name);
    if (!payload || payload.data.length === 0) throw invalid('The payload of a version must not be empty.');
    const { data, dataCrc32c } = payload;
    if (data.length > LARGEST_PAYLOAD)
      throw invalid(`A payload has at most ${LARGEST_PAYLOAD} bytes; got ${data.length}.`);
    // An absent int64 of a proto3 optional arrives as "0".
    const isSummed = dataCrc32c !== undefined && dataCrc32c !== null && dataCrc32c !== '0';
    if (isSummed && Number(dataCrc32c) !== crc32c(data)) throw invalid('The checksum does not match the payload.');
    const shown = {
      name: `${name}/versions/${secret.versions.length + 1}`,
      createTime: this.#timestamp(),
      destroyTime: null,
      state: 'ENABLED',
      etag: this.#etag(),
      clientSpecifiedPayloadChecksum: isSummed,
    } as const;
    secret.versions.push({ shown, payload: Buffer.from(data) });
    return shown;
  }

  /** Newest first, as the server lists them. */
  versions(name: string): readonly Version['shown'][] {
    return this.secret(name)
      .versions.map(({ shown }) => shown)
      .toReversed();
  }

  version(name: string): Version {
    const [, project, id, number] = NAME.exec(name)!;
    const secretName = `projects/${project}/secrets/${id}`;
    const { versions } = this.secret(secretName);
    const newest = Math.min(this.#heldLatest ? (this.#heldLatest.get(secretName) ?? 0) : Infinity, versions.length);
    const found = versions[(number === 'latest' ? newest : Number(number)) - 1];
    if (!found) throw new GrpcRefusal(status.NOT_FOUND, `Secret Version [${name}] not found.`);
    return found;
  }

  access(name: string): unknown {
    const { shown, payload } = this.version(name);
    if (shown.state !== 'ENABLED' || !payload) {
      throw new GrpcRefusal(status.FAILED_PRECONDITION, `Secret Version [${shown.name}] is in ${shown.state} state.`);
    }
    return { name: shown.name, payload: { data: payload, dataCrc32c: String(crc32c(payload)) } };
  }

  turn(name: string, state: VersionState, etag?: string): Version['shown'] {
    const version = this.version(name);
    checkEtag(etag, version.shown.etag);
    if (version.shown.state === 'DESTROYED') {
      throw new GrpcRefusal(
        status.FAILED_PRECONDITION,
        `Secret Version [${version.shown.name}] is in DESTROYED state.`,
      );
    }
    const isDestroyed = state === 'DESTROYED';
    if (isDestroyed) version.payload = undefined;
    version.shown = {
      ...version.shown,
      state,
      etag: this.#etag(),
      destroyTime: isDestroyed ? this.#timestamp() : null,
    };
    return version.shown;
  }

  #etag(): string {
    return `"${(++this.#etags).toString(16).padStart(14, '0')}"`;
  }

  #timestamp(): Timestamp {
    const ms = this.#now();
    return { seconds: Math.floor(ms / 1_000), nanos: (ms % 1_000) * 1_000_000 };
  }
}

/** `labels.a=b AND labels.c=d`; anything else is refused rather than half understood. */
function readLabelFilter(filter: string): (labels: Readonly<Record<string, string>>) => boolean {
  const wanted =
    filter === ''
      ? []
      : filter.split(/\s+AND\s+/).map((term) => {
          const match = /^labels\.([a-z0-9_-]+)\s*[=:]\s*"?([\w-]*)"?$/.exec(term);
          if (!match) throw invalid(`This fake does not understand the filter ${JSON.stringify(filter)}.`);
          return [match[1]!, match[2]!] as const;
        });
  return (labels) => wanted.every(([key, value]) => labels[key] === value);
}

function checkEtag(given: string | undefined, actual: string): void {
  if (!given || given === actual) return;
  throw new GrpcRefusal(status.FAILED_PRECONDITION, `The etag ${given} does not match the current ${actual}.`);
}

function invalid(message: string): GrpcRefusal {
  return new GrpcRefusal(status.INVALID_ARGUMENT, message);
}
