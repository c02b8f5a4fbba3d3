import { fileURLToPath } from 'node:url';

/** Where the other packages' own executables are: they are started, never imported. */
const inRepository = (path: string): string => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** The supervisor of a run. */
export const RUNNER_MAIN = inRepository('jobs/sandbox-runner/src/main.ts');
/** The command line client, which runs the first command as any user would. */
export const CLI_MAIN = inRepository('clients/cli/src/main.mjs');
/** The built console. */
export const CONSOLE_ROOT = inRepository('clients/console/dist');
/** What a user types. */
export const RUNVOY_COMMAND = inRepository('runvoy');
