import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import { explainText } from '../explain-text.ts';
import type { Invocation } from '../invocation.ts';

const DEFAULT_COLUMNS = 80;
/** Longer lines are hard to read. */
const MOST_COLUMNS = 110;

/** `runvoy explain`. */
export async function explain(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const api = openApi(await openConnection(invocation));
  const body = await api.explain(words[0] ?? '');
  const { stdout } = terminal;
  if (options.flag('json')) stdout.write(`${JSON.stringify(body)}\n`);
  else {
    const columns = stdout.isTTY ? Math.min(stdout.columns || DEFAULT_COLUMNS, MOST_COLUMNS) : undefined;
    stdout.write(`${explainText(body, columns).join('\n')}\n`);
  }
  return EXIT.ok;
}
