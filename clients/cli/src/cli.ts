import { RunvoyError } from '@runvoy/sdk/client';
import { clientVersionText } from './client-version.ts';
import { readCommandLine, searchesLog, startsRun, wantsJson } from './command-line.ts';
import { errorText } from './error-text.ts';
import { EXIT } from './exit-code.ts';
import { helpText } from './help-text.ts';
import { Problem } from './problem.ts';
import { problemBody } from './problem-body.ts';
import { openTerminal } from './terminal.ts';

/** Does what the command line says; resolves with the exit code. */
async function main(args: readonly string[]): Promise<number> {
  const { name, command, options, words } = readCommandLine(args);
  if (options.flag('version') && !options.flag('help')) {
    process.stdout.write(clientVersionText(options.flag('json')));
    return EXIT.ok;
  }
  if (command === undefined || options.flag('help')) {
    const isAsked = options.flag('help');
    (isAsked ? process.stdout : process.stderr).write(helpText(name) ?? '');
    return isAsked ? EXIT.ok : EXIT.usage;
  }
  const terminal = openTerminal(process, process.env, options.flag('no-color'));
  return (await command.load())({ options, words, terminal, env: process.env, helpText });
}

/** What starts a run keeps the other codes for the command it runs, and a search keeps 1 for having found nothing. */
function codeOf(error: unknown): number {
  if (startsRun(process.argv.slice(2))) return EXIT.unknown;
  if (searchesLog(process.argv.slice(2))) return EXIT.searchFailed;
  return error instanceof Problem && error.kind === 'usage' ? EXIT.usage : EXIT.failed;
}

function tell(error: unknown): void {
  const isDebug = process.env['RUNVOY_DEBUG'] === '1';
  if (wantsJson(process.argv.slice(2))) process.stderr.write(`${JSON.stringify(problemBody(error))}\n`);
  else if (isDebug && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  else if (error instanceof Problem || error instanceof RunvoyError)
    process.stderr.write(`runvoy: ${errorText(error)}\n`);
  else process.stderr.write(`runvoy: unexpected: ${errorText(error)} (RUNVOY_DEBUG=1 shows where)\n`);
}

function leave(code: number): void {
  process.exitCode = code;
  // Whatever is still open (a kept connection, a paused stdin) must not hold the prompt; what was written must get out first.
  process.stdout.write('', () => process.stderr.write('', () => process.exit(code)));
}

// A reader that has left (`| head`) is no error of ours; whoever still writes much notices by itself.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
process.stderr.on('error', () => undefined);
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    tell(error);
    process.exit(codeOf(error));
  });
}

main(process.argv.slice(2)).then(leave, (error: unknown) => {
  tell(error);
  leave(codeOf(error));
});
