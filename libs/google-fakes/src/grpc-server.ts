import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Metadata, Server, ServerCredentials, status } from '@grpc/grpc-js';
import type { GrpcObject, ServiceClientConstructor, ServiceDefinition, UntypedHandleCall } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall } from '@grpc/grpc-js';
import { loadPackageDefinition } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { mayCall } from './authorize.ts';
import type { Authorize } from './authorize.ts';
import type { Faults } from './faults.ts';

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

/** A call as it arrived, for tests that look at everything that was said. */
export interface RecordedCall {
  readonly method: string;
  readonly account: string | undefined;
  readonly request: unknown;
}

export interface ServeOptions {
  readonly account?: string | undefined;
  readonly authorize?: Authorize | undefined;
  readonly faults?: Faults | undefined;
  readonly record?: ((call: RecordedCall) => void) | undefined;
}

/**
 * Serves on a port of 127.0.0.1 that the kernel picks. Plaintext connections carry no credentials, so the port itself says who
 * calls: whoever connects to it is `account`.
 */
export async function serveGrpc(services: readonly ServiceMethods[], options: ServeOptions = {}): Promise<Listening> {
  const server = new Server();
  for (const { service, methods } of services) {
    const handlers = Object.entries(methods).map(([name, method]) => [name, unary(name, method, options)] as const);
    server.addService(service, Object.fromEntries(handlers));
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { host: `127.0.0.1:${port}`, stop: async () => server.forceShutdown() };
}

function unary(name: string, method: UnaryMethod, options: ServeOptions): UntypedHandleCall {
  const { account, faults, record } = options;
  const caller = callerOf(options);
  const work = async (request: unknown): Promise<unknown> => {
    record?.({ method: name, account, request });
    const fault = faults?.take(name);
    if (fault && !fault.afterwards) throw new GrpcRefusal(fault.code, 'Asked to fail.');
    const response = await method(request, caller);
    if (fault) throw new GrpcRefusal(fault.code, 'Asked to fail after it was done.');
    return response;
  };
  return (call: ServerUnaryCall<unknown, unknown>, answer: sendUnaryData<unknown>) => {
    work(call.request).then(
      (response) => answer(null, response),
      (error: unknown) => {
        const code = error instanceof GrpcRefusal ? error.code : status.UNKNOWN;
        answer({ code, details: (error as Error).message, metadata: new Metadata() });
      },
    );
  };
}

function callerOf({ account, authorize }: ServeOptions): Caller {
  return {
    account,
    need(permission, resource) {
      if (mayCall(authorize, account, permission, resource)) return;
      const what = `Permission '${permission}' denied for resource '${resource}' (or it may not exist).`;
      throw new GrpcRefusal(status.PERMISSION_DENIED, what);
    },
  };
}
