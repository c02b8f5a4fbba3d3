import { status } from '@grpc/grpc-js';
import { GrpcRefusal } from '../grpc-server.ts';

interface Encrypted {
  readonly customerManagedEncryption?: { readonly kmsKeyName: string } | null;
}

/** Where the versions of a secret lie, and under whose key. */
export interface Replication {
  readonly automatic?: Encrypted | null;
  readonly userManaged?: { readonly replicas: readonly (Encrypted & { readonly location: string })[] } | null;
}

const KMS_KEY = /^projects\/[^/]+\/locations\/([^/]+)\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/;

/** Refuses what the server refuses: no replication, a key that lies elsewhere than the replica it is for. */
export function checkReplication(replication: Replication | null | undefined): Replication {
  const { automatic, userManaged } = replication ?? {};
  if (automatic) {
    checkKey(automatic, 'global');
    return { automatic };
  }
  if (!userManaged || userManaged.replicas.length === 0) throw invalid('A secret needs a replication policy.');
  for (const replica of userManaged.replicas) checkKey(replica, replica.location);
  return { userManaged };
}

function checkKey({ customerManagedEncryption }: Encrypted, location: string): void {
  if (!customerManagedEncryption) return;
  const { kmsKeyName } = customerManagedEncryption;
  const match = KMS_KEY.exec(kmsKeyName);
  if (!match) throw invalid(`[${kmsKeyName}] is not the name of a KMS key.`);
  if (match[1] !== location) throw invalid(`The KMS key [${kmsKeyName}] must lie in location ${location}.`);
}

function invalid(message: string): GrpcRefusal {
  return new GrpcRefusal(status.INVALID_ARGUMENT, message);
}
