import { PassThrough } from 'node:stream';
import { readCommandLine } from '../../clients/cli/src/command-line.ts';
import { openTerminal } from '../../clients/cli/src/terminal.ts';

/** Carries out a command line within this process, which costs no start of another. What it writes to `stdout` may be read by the caller. */
export async function runvoyHere(
  args: readonly string[],
  { endpoint, apiKey }: { readonly endpoint: string; readonly apiKey: string },
  isTTY = false,
  stdout = new PassThrough(),
) {
  const streams = { stdin: new PassThrough(), stdout, stderr: new PassThrough() };
  for (const stream of Object.values(streams)) Object.assign(stream, { isTTY });
  const { command, options, words } = readCommandLine(args);
  const code = await (
    await command!.load()
  )({
    options,
    words,
    terminal: openTerminal(streams as unknown as Parameters<typeof openTerminal>[0], {}, false),
    env: { RUNVOY_API_ENDPOINT: endpoint, RUNVOY_API_KEY: apiKey },
    helpText: () => undefined,
  });
  return { code, out: written(streams.stdout), err: written(streams.stderr) };
}

function written(stream: PassThrough): string {
  let text = '';
  for (let part: Buffer | null; (part = stream.read() as Buffer | null);) text += part.toString();
  return text;
}
