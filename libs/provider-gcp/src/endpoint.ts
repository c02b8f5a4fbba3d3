import type { ChannelCredentials } from '@grpc/grpc-js';
import type { PassThroughClient } from 'google-auth-library';

/** What a client of Google's needs to speak to another address than Google's, in plain text. */
export interface PlaintextEndpoint {
  readonly apiEndpoint: string;
  readonly port: number;
  readonly sslCreds: ChannelCredentials;
  /** Brings no token; without it Google's library looks for a metadata server. */
  readonly authClient: PassThroughClient;
}

/**
 * Client options for `host:port`, an emulator or a fake; none for undefined, which means Google's own address. Whether plain
 * text may be spoken to that host was decided when the configuration was read.
 */
export async function plaintextEndpoint(address: string): Promise<PlaintextEndpoint>;
export async function plaintextEndpoint(
  address: string | undefined,
): Promise<PlaintextEndpoint | Record<string, never>>;
export async function plaintextEndpoint(
  address: string | undefined,
): Promise<PlaintextEndpoint | Record<string, never>> {
  if (address === undefined) return {};
  const { credentials } = await import('@grpc/grpc-js');
  const { PassThroughClient: WithoutToken } = await import('google-auth-library');
  const { hostname, port } = new URL(`grpc://${address}`);
  return {
    apiEndpoint: hostname,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    authClient: new WithoutToken(),
  };
}
