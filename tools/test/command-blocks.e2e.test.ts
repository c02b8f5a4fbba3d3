import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readCommandLine } from '../../clients/cli/src/command-line.ts';
import { CLI_MAIN, newDirectory, startServer, type Server } from '../../services/standalone/test/server.ts';
import { commandBlocks, type CommandBlock } from '../command-blocks.ts';

const BLOCKS = commandBlocks();
const RUN = BLOCKS.filter(({ notRun }) => notRun === undefined);
const NOT_RUN = BLOCKS.filter(({ notRun }) => notRun !== undefined);
/** What a page may call beside runvoy where nobody can run it here. */
const KNOWN =
  /^(?:npm|node|gcloud|terraform|docker|sh (?:\.\.\/)*tools\/image\/build\.sh|sudo|cd|export|cat|printf|xargs|for|done|do|END|[A-Z_]+=|\w+ += )/;

let directory = '';
let server: Server;
beforeAll(async () => {
  directory = newDirectory();
  const home = join(directory, 'home');
  mkdirSync(join(home, 'backups'), { recursive: true });
  const trusting = { RUNVOY_LOCAL_TRUST_ALL_USERS: 'true' };
  server = await startServer({ dataDir: join(directory, 'data'), env: trusting });
  // As on the path of a user, and as in a checkout.
  for (const shim of [join(home, 'runvoy'), join(directory, 'runvoy')]) {
    writeFileSync(shim, `#!/bin/sh\nexec '${process.execPath}' '${CLI_MAIN}' "$@"\n`);
    chmodSync(shim, 0o755);
  }
}, 60_000);
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** One shell for the blocks of one page, as somebody who reads it has: each line in turn, with the exit code that it says it has. */
async function runPage(blocks: readonly CommandBlock[], id: string): Promise<readonly string[]> {
  const commands = blocks.flatMap((block) => commandsOf({ ...block, text: inPlace(block.text, id) }));
  const script = commands.map(({ text, at, code }) => {
    return `${text}\nrc=$?; [ $rc -eq ${code} ] || echo "${at}: exit $rc, not ${code}" >> "$WRONG"`;
  });
  const wrong = join(directory, `wrong-${blocks[0]?.page.replaceAll('/', '-')}`);
  writeFileSync(wrong, '');
  const shell = spawn('bash', ['-c', script.join('\n')], {
    cwd: directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: `${join(directory, 'home')}:${process.env['PATH']}`,
      HOME: join(directory, 'home'),
      RUNVOY_DATA_DIR: join(directory, 'data'),
      WRONG: wrong,
    },
  });
  let said = '';
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
  await once(shell, 'close');
  const problems = spawnSync('cat', [wrong], { encoding: 'utf8' }).stdout;
  return problems === '' ? [] : [problems, said];
}

/** The commands of a block: one line each, or several where a quote or a loop goes on. `# exit code 3` behind one is what it ends with. */
function commandsOf({ page, line, text }: CommandBlock) {
  const commands: { text: string; at: string; code: number }[] = [];
  let open = '';
  for (const [index, row] of text.trimEnd().split('\n').entries()) {
    open = open === '' ? row : `${open}\n${row}`;
    if (spawnSync('bash', ['-n', '-c', open]).status !== 0) continue;
    const code = Number(/# exit code (\d+)/.exec(open)?.[1] ?? 0);
    if (open.trim() !== '') commands.push({ text: open, at: `${page}:${line + index}`, code });
    open = '';
  }
  if (open !== '') throw new Error(`${page}:${line}: the block ends in the middle of a command`);
  return commands;
}

test.each([...Map.groupBy(RUN, ({ page }) => page)])(
  'the command blocks of %s run, each line with the exit code it should have',
  async (_, blocks) => {
    const { execution_id: id } = await server.run('echo one');
    await server.finished(id);
    expect(await runPage(blocks, id)).toEqual([]);
  },
  120_000,
);

describe(`the ${NOT_RUN.length} of ${BLOCKS.length} command blocks that cannot be run here`, () => {
  test('say why, and no fewer than those of the README’s tour can', () => {
    expect(NOT_RUN.filter(({ notRun = '' }) => notRun.trim().length < 10)).toEqual([]);
    expect(RUN.filter(({ page }) => page === 'README.md').length).toBeGreaterThanOrEqual(5);
  });

  test.each(NOT_RUN.map((block) => [`${block.page}:${block.line}, ${block.notRun}`, block] as const))(
    '%s: are whole commands of programs that are known',
    (_, { text }) => {
      const whole = text.replaceAll(/<[a-z ]+>/g, 'placeholder').replaceAll('…', '.');
      expect(spawnSync('bash', ['-n', '-c', whole], { encoding: 'utf8' }).stderr).toBe('');
      const lines = whole
        .replaceAll(/\\\n\s*/g, '')
        .split('\n')
        .map((row) => row.trim())
        .filter((row) => row !== '' && !row.startsWith('#'));
      const ours = lines.filter((row) => /^(?:\.\/)?runvoy /.test(row));
      for (const row of ours) expect(() => readCommandLine(wordsOf(row))).not.toThrow();
      expect(lines.filter((row) => !ours.includes(row) && !KNOWN.test(row))).toEqual([]);
    },
  );
});

/** What differs from one machine to the next: the run that is asked about, and the address. */
function inPlace(text: string, id: string): string {
  return text.replaceAll('<id>', id).replaceAll('http://127.0.0.1:56212', server.ready.api_url);
}

/** The words of a line as the shell makes them, without the program. */
function wordsOf(row: string): readonly string[] {
  const printed = spawnSync('bash', ['-c', `set -- ${row}\nshift; printf '%s\\0' "$@"`], { encoding: 'utf8' }).stdout;
  return printed.split('\0').slice(0, -1);
}
