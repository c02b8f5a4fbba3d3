import { fileURLToPath } from 'node:url';
import { loadPackageDefinition, Server, ServerCredentials, type ServiceClientConstructor } from '@grpc/grpc-js';
import type { sendUnaryData, ServerUnaryCall, UntypedServiceImplementation } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { AttributeSchema, BlockSchema, NestedBlockSchema, ProviderSchema } from './provider-schema.ts';

/** A provider that knows what there may be and makes nothing. */
export interface SchemaProvider extends AsyncDisposable {
  /** The variable by which Terraform finds it in the place of the provider it would otherwise have to install. */
  readonly environment: { readonly TF_REATTACH_PROVIDERS: string };
}

const PROTO = fileURLToPath(new URL('terraform-protocol.proto', import.meta.url));
/** What the configuration of the provider itself may hold; `terraform providers schema` tells it apart from the resources. */
const PROVIDER_BLOCK: BlockSchema = {
  attributes: {
    project: { type: 'string', optional: true },
    region: { type: 'string', optional: true },
    billing_project: { type: 'string', optional: true },
    user_project_override: { type: 'bool', optional: true },
  },
};

/**
 * Serves a schema as a provider of Terraform's plugin protocol 5. `terraform validate` checks every block and attribute against it,
 * and `terraform test` needs no more of a provider that it mocks: both work where nothing can be installed. What the real
 * provider's own code checks (the form of a name) it does not.
 */
export async function serveSchema(schema: ProviderSchema, source = 'hashicorp/google'): Promise<SchemaProvider> {
  const loaded = loadPackageDefinition(loadSync(PROTO, { keepCase: true, enums: String, defaults: true }));
  const { Provider } = loaded['tfplugin5'] as unknown as { readonly Provider: ServiceClientConstructor };
  const answer = answerOf(schema);
  const server = new Server();
  server.addService(Provider.service, {
    GetSchema: answers(() => answer),
    PrepareProviderConfig: answers(({ config }) => ({ prepared_config: config })),
    ValidateResourceTypeConfig: answers(() => ({})),
    ValidateDataSourceConfig: answers(() => ({})),
    Configure: answers(() => ({})),
    Stop: answers(() => ({})),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  const reattach = {
    Protocol: 'grpc',
    ProtocolVersion: 5,
    Pid: process.pid,
    // Terraform leaves a provider under test alone when it ends.
    Test: true,
    Addr: { Network: 'tcp', String: `127.0.0.1:${port}` },
  };
  return {
    environment: { TF_REATTACH_PROVIDERS: JSON.stringify({ [`registry.terraform.io/${source}`]: reattach }) },
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

function answers(answer: (request: { readonly config?: unknown }) => object): UntypedServiceImplementation[string] {
  return (call: ServerUnaryCall<{ readonly config?: unknown }, object>, send: sendUnaryData<object>) =>
    send(null, answer(call.request));
}

function answerOf({ resource_schemas, data_source_schemas }: ProviderSchema): object {
  const all = (schemas: ProviderSchema['resource_schemas']) =>
    Object.fromEntries(
      Object.entries(schemas).map(([type, { version = 0, block }]) => [type, { version, block: blockOf(block) }]),
    );
  return {
    provider: { version: 0, block: blockOf(PROVIDER_BLOCK) },
    resource_schemas: all(resource_schemas),
    data_source_schemas: all(data_source_schemas),
  };
}

function blockOf({ attributes = {}, block_types = {} }: BlockSchema): object {
  return {
    attributes: Object.entries(attributes).map(([name, attribute]) => attributeOf(name, attribute)),
    block_types: Object.entries(block_types).map(([name, block]) => nestedOf(name, block)),
  };
}

function attributeOf(name: string, { type, required, optional, computed }: AttributeSchema): object {
  return { name, type: Buffer.from(JSON.stringify(type)), required, optional, computed };
}

function nestedOf(type_name: string, { block, nesting_mode, min_items = 0, max_items = 0 }: NestedBlockSchema): object {
  return { type_name, block: blockOf(block), nesting: nesting_mode.toUpperCase(), min_items, max_items };
}
