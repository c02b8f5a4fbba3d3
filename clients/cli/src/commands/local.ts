import { openApi } from '../open-api.ts';
import { EXIT } from '../exit-code.ts';
import type { Invocation } from '../invocation.ts';
import { dataDirOf, findLocalServer, noLocalServer } from '../local-server.ts';
import { usageProblem } from '../problem.ts';
import { runServerMain } from '../server-main.ts';

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
  return runServerMain(args);
}

async function printSignInLink({ options, env, terminal }: Invocation): Promise<number> {
  const server = await findLocalServer(dataDirOf({ options, env }));
  if (!server) throw noLocalServer({ options, env });
  const link = await openApi({ endpoint: server.api_endpoint, apiKey: server.api_key }).signInLink();
  terminal.stdout.write(`${options.flag('json') ? JSON.stringify(link) : link.url}\n`);
  terminal.stderr.write(`works once, until ${link.expires_at}, as ${server.admin_email}\n`);
  return EXIT.ok;
}
