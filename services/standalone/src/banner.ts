import type { Execution } from '@runvoy/core';
import type { RunningServer } from './standalone.ts';
import type { FoundIsolation } from './found-isolation.ts';
import type { StandaloneConfig } from './config.ts';

/** What a person is told when the server is up. `signInUrl` only on a terminal: it is a credential. */
export function banner(
  server: Pick<RunningServer, 'urls' | 'admin' | 'isolation'>,
  config: Pick<StandaloneConfig, 'port' | 'dataDir' | 'trustAllUsers'>,
  about: {
    readonly runvoy: string;
    readonly signInUrl?: string;
    readonly isDefaultDataDir: boolean;
    readonly port: number;
  },
): string {
  const command = `${shellQuote(about.runvoy)}${about.isDefaultDataDir ? '' : ` --data-dir ${shellQuote(config.dataDir)}`}`;
  const moved = about.port === config.port || config.port === 0 ? '' : ` (port ${config.port} is taken)`;
  return [
    '',
    `runvoy is up at ${server.urls.http}${moved}`,
    '',
    about.signInUrl === undefined
      ? `  Sign in      ${command} local login   prints a link`
      : `  Sign in      ${about.signInUrl}\n               works once, for 15 minutes; another: ${command} local login`,
    `  Admin        ${server.admin.email}`,
    `  Data         ${config.dataDir}`,
    ...isolationLines(server.isolation, config.trustAllUsers).map((line, index) =>
      index === 0 ? `  Isolation    ${line}` : `               ${line}`,
    ),
    '  Stop         Ctrl-C; runs go on and are found again by the next start',
    '',
    '  Try in another terminal:',
    `    ${command} run 'for i in 1 2 3; do echo "line $i"; sleep 1; done'`,
    `    ${command} list`,
    `    ${command} run --timeout 2s sleep 60`,
    '',
  ].join('\n');
}

/** What the level in use protects and what not. */
function isolationLines({ level, engine, whyNotBetter }: FoundIsolation, trustAllUsers: boolean): string[] {
  const notBetter = whyNotBetter === undefined ? [] : [`Nothing better works here: ${whyNotBetter.split('\n')[0]!}`];
  if (level === 'container') {
    const missing = (['memory', 'cpu'] as const).filter((limit) => !engine?.enforces.includes(limit));
    return [
      `container (${engine?.command.join(' ') ?? 'unknown engine'}): each command runs in a container of its image, with`,
      'its own files, processes and network. Without an image it has the programs of this machine.',
      ...(missing.length === 0 ? [] : [`The engine cannot limit ${missing.join(' and ')} here.`]),
    ];
  }
  if (level === 'bubblewrap') {
    return [
      'bubblewrap: a command sees the programs of this machine and its own workspace,',
      'not your files, your keys, other processes or other runs. It has your network, and',
      'memory and cpu are not limited.',
      ...notBetter,
    ];
  }
  return [
    'process: commands run as you, on this machine. A command can read and change',
    'whatever you can; it is not kept from your files, your keys or other runs.',
    trustAllUsers ? 'All users may run (RUNVOY_LOCAL_TRUST_ALL_USERS=true).' : 'Only admins may run.',
    ...notBetter,
  ];
}

/** The runs of earlier starts, newest first, so that nobody wonders where they went. */
export function earlierRuns(executions: readonly Execution[]): string {
  if (executions.length === 0) return '';
  const rows = executions.map(({ execution_id, status, started_at_ms, command }) => {
    // Whoever may run chose it, and this is the admin's terminal.
    const line = command.replaceAll(/[\s\p{Cc}\p{Cf}]+/gu, ' ');
    const shown = line.length > 48 ? `${line.slice(0, 47)}…` : line;
    return `    ${execution_id}  ${status.padEnd(11)}  ${new Date(started_at_ms).toISOString().slice(0, 19)}Z  ${shown}`;
  });
  return ['  Latest runs:', ...rows, ''].join('\n');
}

/** A word for a POSIX shell, quoted only when it must be. */
function shellQuote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
