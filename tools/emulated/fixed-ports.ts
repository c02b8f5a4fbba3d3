import type { Endpoints, Role } from './deployment.ts';

/** Where Google's public keys are served, once everything else is. */
export const CERTS_PORT = 9000;

const OFFSETS = { run: 0, secretManager: 1, logging: 2, metadata: 3, iam: 4, storage: 5 } as const;
const FIRST_PORTS: Readonly<Record<Role, number>> = {
  orchestrator: 9010,
  processor: 9020,
  intake: 9030,
  websocket: 9040,
};

/** What a service is given of its own, because the port says who calls, and at which port. */
export type OwnEndpoint = keyof typeof OFFSETS & keyof Endpoints;

/** The ports that stand for Google to one service, where they have to be known beforehand. */
export function fixedPorts(role: Role): Readonly<Record<OwnEndpoint, number>> {
  const first = FIRST_PORTS[role];
  return {
    run: first + OFFSETS.run,
    secretManager: first + OFFSETS.secretManager,
    logging: first + OFFSETS.logging,
    metadata: first + OFFSETS.metadata,
    iam: first + OFFSETS.iam,
    storage: first + OFFSETS.storage,
  };
}
