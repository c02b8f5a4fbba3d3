import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { oneLine } from '../one-line.ts';

/** `runvoy whoami`: as whom the server sees this client. */
export async function whoami(invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation;
  const api = openApi(await openConnection(invocation));
  const me = await api.whoAmI();
  if (options.flag('json')) {
    terminal.stdout.write(`${JSON.stringify(me)}\n`);
    return EXIT.ok;
  }
  const { key } = me;
  const role = me.role === me.effective_role ? me.role : `${me.role}; this key counts as ${me.effective_role}`;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Server', api.endpoint],
    ['User', me.email],
    ['Role', role],
    ['Key', `${key.name} (${key.key_id})`],
    ['Expires', key.expires_at],
    ['Images', key.images?.join(', ')],
    ['Secrets', key.secrets?.join(', ')],
    ['At once', key.max_running === undefined ? undefined : runsText(key.max_running, key.counted_with)],
  ];
  for (const [name, value] of facts) {
    if (value !== undefined) terminal.stdout.write(`${`${name}:`.padEnd(10)}${oneLine(value)}\n`);
  }
  return EXIT.ok;
}

function runsText(limit: number, countedWith: string | undefined): string {
  const runs = limit === 1 ? 'one run' : `${limit} runs`;
  return countedWith === undefined ? runs : `${runs}, counted with those of key ${countedWith}`;
}
