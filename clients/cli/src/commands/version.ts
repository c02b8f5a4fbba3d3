import type { HealthBody } from '@runvoy/protocol';
import { openApi } from '../open-api.ts';
import { clientVersion, clientVersionText } from '../client-version.ts';
import { findConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';

/** `runvoy version`: of the client always, of the server when there is one. */
export async function version(invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation;
  const isJson = options.flag('json');
  if (!isJson) terminal.stdout.write(clientVersionText(false));
  const connection = await findConnection(invocation);
  const server = connection && (await openApi(connection).health());
  if (isJson) terminal.stdout.write(`${JSON.stringify({ client: clientVersion(), ...(server && { server }) })}\n`);
  else if (server) terminal.stdout.write(serverText(server));
  else terminal.stderr.write('no server is configured and none runs on this machine\n');
  return EXIT.ok;
}

function serverText({ version: serverVersion, provider, region }: HealthBody): string {
  const where = region === undefined ? '' : `region    ${region}\n`;
  return `server    ${serverVersion}\nprovider  ${provider}\n${where}`;
}
