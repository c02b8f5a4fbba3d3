import type { Command } from '../command.ts';

/** How this client gets to know a server. */
export const CONNECTION_COMMANDS: Readonly<Record<string, Command>> = {
  claim: {
    usage: 'claim <token or link>',
    summary: 'turn a claim into an API key and keep it',
    options: {},
    notes: [
      'A link goes to its own server only, a token to the server that is configured; --api-endpoint names another for both.',
      'The key is saved to ~/.runvoy/config.yaml (RUNVOY_CONFIG names another file), with --profile below "profiles".',
    ],
    examples: ["runvoy claim 'https://runvoy.example.com/#claim=...'", 'runvoy claim --profile staging <token>'],
    words: { least: 1, most: 1 },
    load: async () => (await import('../commands/claim.ts')).claim,
  },
  configure: {
    usage: 'configure',
    summary: 'save the address of a server and a key',
    options: {},
    notes: [
      'Asks on a terminal; otherwise give --api-endpoint and --api-key, or both as lines on stdin.',
      'Saves both in any case; exit code 1 when the server does not accept the key.',
    ],
    examples: ['runvoy configure', 'runvoy configure --profile staging --api-endpoint https://runvoy.example.com'],
    words: { least: 0, most: 0 },
    load: async () => (await import('../commands/configure.ts')).configure,
  },
};
