import { jsonLines } from '@runvoy/protocol/json-lines';
import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import { importLines, type Claimed, type ImportReport } from '../import-lines.ts';
import type { Invocation } from '../invocation.ts';
import { oneLine } from '../one-line.ts';
import { Problem } from '../problem.ts';
import { shellWord } from '../shell-word.ts';

const { createReadStream } = process.getBuiltinModule('node:fs');

/** `runvoy import <file>`: carries an export into this deployment. */
export async function importAll(invocation: Invocation): Promise<number> {
  const { options, words, terminal } = invocation;
  const [file = '-'] = words;
  const api = openApi(await openConnection(invocation));
  const input = file === '-' ? process.stdin : createReadStream(file);
  const isJson = options.flag('json');
  const claimed = isJson ? undefined : claimPrinter(invocation);
  const noticed = (why: string) => void terminal.stderr.write(`${oneLine(why)}\n`);
  const report = await importLines(api, linesOf(input, file), claimed, noticed);
  if (isJson) terminal.stdout.write(`${JSON.stringify(report)}\n`);
  else print(report, invocation);
  return report.refused > 0 ? EXIT.failed : EXIT.ok;
}

async function* linesOf(input: AsyncIterable<Uint8Array>, file: string): AsyncIterable<string> {
  try {
    yield* jsonLines(input);
  } catch (cause) {
    throw new Problem(`cannot read ${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Each at once: an import that is cut must not take the claims of those who are there with it. */
function claimPrinter({ terminal }: Invocation): Claimed {
  let isFirst = true;
  return ({ email, claim_token }) => {
    if (isFirst) terminal.stderr.write('each new user claims a first key within 15 minutes:\n');
    isFirst = false;
    terminal.stdout.write(`claim ${oneLine(email)} ${claim_token}\n`);
  };
}

/** What somebody has to do next goes to stdout, a line each; what was done, to stderr. */
function print({ made, there, values_needed, left }: ImportReport, { terminal }: Invocation): void {
  const { stdout, stderr } = terminal;
  for (const type of new Set([...Object.keys(made), ...Object.keys(there)])) {
    stderr.write(`${type}: ${made[type] ?? 0} new, ${there[type] ?? 0} there already\n`);
  }
  for (const what of left) stderr.write(`not carried over: ${oneLine(what)}\n`);
  if (values_needed.length > 0)
    stderr.write('secrets that need their value; import again afterwards for their grants:\n');
  for (const { name, key_name } of values_needed) {
    // Whoever wrote the file chose the names, and this is to be pasted.
    stdout.write(`runvoy secrets create ${shellWord(oneLine(name))} ${shellWord(oneLine(key_name))}\n`);
  }
}
