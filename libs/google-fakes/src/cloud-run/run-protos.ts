import type { ServiceDefinition } from '@grpc/grpc-js';
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader';
import { protoDirectory } from '../grpc-server.ts';

// Fields that were not sent stay absent here, as `max_retries` needs it: not set means 3, and 0 means 0.
const DEFINITIONS = loadSync(
  ['job', 'execution', 'task']
    .map((name) => `google/cloud/run/v2/${name}.proto`)
    .concat('google/longrunning/operations.proto'),
  {
    includeDirs: [protoDirectory('@google-cloud/run'), protoDirectory('google-gax')],
    keepCase: false,
    longs: String,
    enums: String,
    arrays: true,
    objects: true,
    oneofs: true,
  },
);

/** A service of Cloud Run v2 or of google.longrunning, by its full name. */
export function runService(name: string): ServiceDefinition {
  const definition = DEFINITIONS[name];
  if (!definition) throw new Error(`The protos of Cloud Run define no service ${name}.`);
  return definition as ServiceDefinition;
}

/** As google.protobuf.Any, for the metadata and the response of an operation. */
export function anyOf(type: 'Job' | 'Execution', value: object): { type_url: string; value: Buffer } {
  const fullName = `google.cloud.run.v2.${type}`;
  const definition = DEFINITIONS[fullName] as MessageTypeDefinition<object, object>;
  return { type_url: `type.googleapis.com/${fullName}`, value: definition.serialize(value) };
}
