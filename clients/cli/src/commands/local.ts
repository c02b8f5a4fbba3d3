import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RunvoyApi } from '../api.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { dataDirOf, findLocalServer, noLocalServer } from '../local-server.ts';
import { Problem, usageProblem } from '../problem.ts';

/** `runvoy local`: a server on this machine; `login`: a way into its console; `reset`: its data deleted. */
export async function local(invocation: Invocation): Promise<number> {
  const [verb] = invocation.words;
  switch (verb) {
    case undefined:
      return startServer(invocation);
    case 'login':
      return printSignInLink(invocation);
    case 'reset':
      return (await import('../reset-data-dir.ts')).resetDataDir(invocation);
    default:
      throw usageProblem(`There is no "local ${verb}"; there are: local, local login, local reset.`);
  }
}

const PASSED_ON = { texts: ['port', 'host', 'data-dir'], flags: ['json', 'no-first-run'] } as const;

async function startServer({ options }: Invocation): Promise<number> {
  const args = [
    ...PASSED_ON.texts.flatMap((name) => {
      const value = options.text(name);
      return value === undefined ? [] : [`--${name}=${value}`];
    }),
    ...PASSED_ON.flags.flatMap((name) => (options.flag(name) ? [`--${name}`] : [])),
  ];
  const { spawn } = process.getBuiltinModule('node:child_process');
  const server = spawn(process.execPath, [serverMain(), ...args], { stdio: 'inherit' });
  // On a terminal Ctrl-C reaches both; this process stays until the server has gone.
  const isTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
  process.on('SIGINT', () => isTerminal || server.kill('SIGINT'));
  process.on('SIGTERM', () => server.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    server.on('error', (cause) => reject(new Problem(`the server could not be started: ${cause.message}.`, { cause })));
    server.on('exit', (code) => resolve(code ?? EXIT.failed));
  });
}

/** The server's own executable: this client knows nothing else of it, and goes without it where only a client is needed. */
function serverMain(): string {
  try {
    const path = fileURLToPath(new URL('./main.ts', import.meta.resolve('@runvoy/standalone')));
    if (existsSync(path)) return path;
  } catch {
    // Not installed.
  }
  throw new Problem(
    'the local server is not part of this installation. Clone the repository of runvoy and run: npm start',
  );
}

async function printSignInLink({ options, env, terminal }: Invocation): Promise<number> {
  const server = await findLocalServer(dataDirOf({ options, env }));
  if (!server) throw noLocalServer({ options, env });
  const link = await new RunvoyApi({ endpoint: server.api_endpoint, apiKey: server.api_key }).signInLink();
  terminal.stdout.write(`${options.flag('json') ? JSON.stringify(link) : link.url}\n`);
  terminal.stderr.write(`works once, until ${link.expires_at}, as ${server.admin_email}\n`);
  return EXIT.ok;
}
