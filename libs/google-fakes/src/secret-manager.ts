import { status } from '@grpc/grpc-js';
import type { Authorize } from './authorize.ts';
import { Faults } from './faults.ts';
import { GrpcRefusal, loadServices, serveGrpc } from './grpc-server.ts';
import type { Caller, Listening, RecordedCall, ServiceMethods, UnaryMethod } from './grpc-server.ts';
import { SecretStore } from './secret-manager/secret-store.ts';
import { page } from './page.ts';

/** A Secret Manager that keeps everything in memory, for Google's own client. */
export interface FakeSecretManager {
  /** Opens a port on which everyone who connects is `account`. */
  listenAs(account?: string): Promise<Listening>;
  readonly store: SecretStore;
  readonly faults: Faults;
  /** Every call since the start, payloads included. */
  readonly calls: readonly RecordedCall[];
  [Symbol.asyncDispose](): Promise<void>;
}

const SERVICE = 'google.cloud.secretmanager.v1.SecretManagerService';

/** Opens a fake with no secrets. Regional secrets, aliases, rotation and topics are not known and refused. */
export function fakeSecretManager({
  authorize,
  now = Date.now,
}: { readonly authorize?: Authorize; readonly now?: () => number } = {}): FakeSecretManager {
  const store = new SecretStore(now);
  const faults = new Faults();
  const calls: RecordedCall[] = [];
  const ports: Listening[] = [];
  const service = loadServices('@google-cloud/secret-manager', ['google/cloud/secretmanager/v1/service.proto'])(
    SERVICE,
  );
  const served: ServiceMethods = { service, methods: methodsOf(store) };
  return {
    store,
    faults,
    calls,
    async listenAs(account) {
      const port = await serveGrpc([served], { account, authorize, faults, record: (call) => calls.push(call) });
      ports.push(port);
      return port;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(ports.map((port) => port.stop()));
    },
  };
}

function methodsOf(store: SecretStore): Record<string, UnaryMethod> {
  return {
    CreateSecret({ parent, secretId, secret }, caller) {
      caller.need('secretmanager.secrets.create', store.projectName(parent));
      return store.create(parent, secretId, secret);
    },
    GetSecret({ name }, caller) {
      return store.secret(allowed(caller, 'secrets.get', store.canonical(name))).shown;
    },
    ListSecrets({ parent, filter, ...paging }, caller) {
      caller.need('secretmanager.secrets.list', store.projectName(parent));
      const { items, nextPageToken } = page(store.list(parent, filter), paging);
      return { secrets: items, nextPageToken };
    },
    UpdateSecret({ secret, updateMask }, caller) {
      const name = allowed(caller, 'secrets.update', store.canonical(secret?.name ?? ''));
      return store.update(name, secret, updateMask?.paths ?? []);
    },
    DeleteSecret({ name, etag }, caller) {
      store.delete(allowed(caller, 'secrets.delete', store.canonical(name)), etag);
      return {};
    },
    AddSecretVersion({ parent, payload }, caller) {
      return store.addVersion(allowed(caller, 'versions.add', store.canonical(parent)), payload);
    },
    GetSecretVersion({ name }, caller) {
      return store.version(allowed(caller, 'versions.get', store.canonical(name))).shown;
    },
    ListSecretVersions({ parent, filter, ...paging }, caller) {
      if (filter) throw new GrpcRefusal(status.INVALID_ARGUMENT, 'This fake knows no filter of versions.');
      const name = allowed(caller, 'versions.list', store.canonical(parent));
      const { items, nextPageToken } = page(store.versions(name), paging);
      return { versions: items, nextPageToken };
    },
    AccessSecretVersion({ name }, caller) {
      return store.access(allowed(caller, 'versions.access', store.canonical(name)));
    },
    DisableSecretVersion({ name, etag }, caller) {
      return store.turn(allowed(caller, 'versions.disable', store.canonical(name)), 'DISABLED', etag);
    },
    EnableSecretVersion({ name, etag }, caller) {
      return store.turn(allowed(caller, 'versions.enable', store.canonical(name)), 'ENABLED', etag);
    },
    DestroySecretVersion({ name, etag }, caller) {
      return store.turn(allowed(caller, 'versions.destroy', store.canonical(name)), 'DESTROYED', etag);
    },
  };
}

function allowed(caller: Caller, permission: string, name: string): string {
  caller.need(`secretmanager.${permission}`, name);
  return name;
}
