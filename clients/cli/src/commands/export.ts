import type { WriteStream } from 'node:fs';
import { openApi } from '../open-api.ts';
import { openConnection } from '../connection.ts';
import { EXIT } from '../exit-code.ts';
import { exportLines } from '../export-lines.ts';
import type { Invocation } from '../invocation.ts';
import { oneLine } from '../one-line.ts';
import { Problem, usageProblem } from '../problem.ts';

const { createWriteStream, renameSync, rmSync } = process.getBuiltinModule('node:fs');
const { once } = process.getBuiltinModule('node:events');

/** `runvoy export`: what can be carried to another deployment, as lines of JSON. */
export async function exportAll(invocation: Invocation): Promise<number> {
  const { options, terminal } = invocation;
  if (options.flag('no-history') && options.flag('logs')) {
    throw usageProblem('--no-history and --logs exclude each other: without runs there are no logs.');
  }
  const api = openApi(await openConnection(invocation));
  const choice = { history: !options.flag('no-history'), logs: options.flag('logs') };
  const noticed = (what: string) => void terminal.stderr.write(`${oneLine(what)}\n`);
  const to = options.text('to');
  const out = to === undefined ? terminal.stdout : createWriteStream(`${to}.unfinished`, { mode: 0o600 });
  if (to !== undefined) await opened(out as WriteStream, to);
  let counts: Readonly<Record<string, number>> = {};
  try {
    for await (const line of exportLines(api, choice, Date.now(), noticed)) {
      if (!out.write(`${JSON.stringify(line)}\n`)) await once(out, 'drain');
      if (line.type === 'end') counts = line.counts;
    }
    if (to !== undefined) {
      out.end();
      await once(out, 'close');
      renameSync(`${to}.unfinished`, to);
    }
  } catch (error) {
    if (to !== undefined) rmSync(`${to}.unfinished`, { force: true });
    throw error;
  }
  const told = Object.entries(counts).map(([type, count]) => `${count} ${type}${count === 1 ? '' : 's'}`);
  terminal.stderr.write(`exported ${told.join(', ') || 'nothing'}; no key and no value of a secret is in it\n`);
  return EXIT.ok;
}

async function opened(file: WriteStream, to: string): Promise<void> {
  await once(file, 'open').catch((cause: unknown) => {
    throw new Problem(`cannot write ${to}: ${(cause as Error).message}`, { cause });
  });
}
