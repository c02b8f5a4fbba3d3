import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { oneLine } from '../one-line.ts';

/** `runvoy can <permission> [thing]`: asks without doing. Exit code 0 = yes, 1 = no. */
export async function can(invocation: Invocation): Promise<number> {
  const { options, terminal, words } = invocation;
  const [permission = '', thing] = words;
  const answer = await openApi(await openConnection(invocation)).can(permission, thing);
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(answer)}\n`);
  else terminal.stdout.write(`${answer.allowed ? 'yes' : 'no'}. ${oneLine(answer.rule)}\n`);
  return answer.allowed ? EXIT.ok : EXIT.failed;
}
