import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { GrpcObject, ServiceClientConstructor, ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { mayCall } from './authorize.ts';
import type { Authorize } from './authorize.ts';

/** A refusal as the real server would answer it. */
export class GrpcRefusal extends Error {
  readonly code: status;

  constructor(code: status, message: string) {
    super(message);
    this.code = code;
  }
}

/** Who calls, and what may be asked about them. */
export interface Caller {
  /** The service account on whose behalf the port was opened. */
  readonly account: string | undefined;
  /** Throws PERMISSION_DENIED unless the table grants it. */
  need(permission: string, resource: string): void;
}

/** One method: gets the decoded request, answers the response or throws `GrpcRefusal`. */
// oxlint-disable-next-line typescript/no-explicit-any -- Requests are what the proto says; no types exist for them here.
export type UnaryMethod = (request: any, caller: Caller) => unknown;

/** The methods of one gRPC service, by their name in the proto (`CreateSecret`). Others answer UNIMPLEMENTED. */
export interface ServiceMethods {
  readonly service: ServiceDefinition;
  readonly methods: Readonly<Record<string, UnaryMethod>>;
}

export interface Listening {
  /** `127.0.0.1:port` */
  readonly host: string;
  stop(): Promise<void>;
}

const require = createRequire(import.meta.url);

/** Where a package of Google's keeps its protos. */
export function protoDirectory(packageName: string): string {
  return join(dirname(require.resolve(packageName)), '..', 'protos');
}

/**
 * The services that a package's protos define, by full name (`google.cloud.secretmanager.v1.SecretManagerService`).
 * int64 and enums arrive as strings, bytes as Buffers, an absent message as null.
 */
export function loadServices(packageName: string, files: readonly string[]): (fullName: string) => ServiceDefinition {
  const definition = loadSync([...files], {
    includeDirs: [protoDirectory(packageName), protoDirectory('google-gax')],
    keepCase: false,
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const loaded = loadPackageDefinition(definition);
  return (fullName) => {
    const found = fullName
      .split('.')
      .reduce<GrpcObject[string] | undefined>((at, name) => (at as GrpcObject | undefined)?.[name], loaded);
    if (!found) throw new Error(`${packageName} defines no service ${fullName}.`);
    return (found as ServiceClientConstructor).service;
  };
}

/**
 * Serves on a port of 127.0.0.1 that the kernel picks. Plaintext connections carry no credentials, so the port itself says who
 * calls: whoever connects to it is `account`.
 */
export async function serveGrpc(
  services: readonly ServiceMethods[],
  { account, authorize }: { readonly account?: string | undefined; readonly authorize?: Authorize | undefined } = {},
): Promise<Listening> {
  const caller: Caller = {
    account,
    need(permission, resource) {
      if (!mayCall(authorize, account, permission, resource)) {
        throw new GrpcRefusal(
          status.PERMISSION_DENIED,
          `Permission '${permission}' denied for resource '${resource}' (or it may not exist).`,
        );
      }
    },
  };
  const server = new Server();
  for (const { service, methods } of services) {
    const handlers = Object.entries(methods).map(([name, method]) => [name, unary(method, caller)] as const);
    server.addService(service, Object.fromEntries(handlers));
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { host: `127.0.0.1:${port}`, stop: async () => server.forceShutdown() };
}

function unary(method: UnaryMethod, caller: Caller): UntypedHandleCall {
  return (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
    Promise.try(method, call.request, caller).then(
      (response) => answer(null, response as object),
      (error: unknown) => {
        const code = error instanceof GrpcRefusal ? error.code : status.UNKNOWN;
        answer({ code, details: (error as Error).message, metadata: new Metadata() });
      },
    );
  };
}
