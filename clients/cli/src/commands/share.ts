import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { openApi } from '../open-api.ts';
import { oneLine } from '../one-line.ts';
import { readDurationS } from '../read-duration.ts';

const HOUR_S = 3_600;

/** `runvoy share <id>`: a link to the log of one run, for who has no key. */
export async function share(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const [id = ''] = words;
  const given = options.text('for');
  const api = openApi(await openConnection(invocation));
  const ticket = await api.ticket(id, given === undefined ? HOUR_S : readDurationS(given, '--for'));
  if (options.flag('json')) terminal.stdout.write(`${JSON.stringify(ticket)}\n`);
  else {
    terminal.stdout.write(`${oneLine(ticket.text_url)}\n`);
    terminal.stderr.write(`until ${oneLine(ticket.expires_at)} whoever has this link can read the log\n`);
  }
  return EXIT.ok;
}
