import type { Command } from './command.ts';
import { ACCESS_COMMANDS } from './command-table/access-commands.ts';
import { CLIENT_COMMANDS } from './command-table/client-commands.ts';
import { CONNECTION_COMMANDS } from './command-table/connection-commands.ts';
import { DEPLOYMENT_COMMANDS } from './command-table/deployment-commands.ts';
import { RUN_COMMANDS } from './command-table/run-commands.ts';
import { UPKEEP_COMMANDS } from './command-table/upkeep-commands.ts';

/** Every command, in the order of the help. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  ...RUN_COMMANDS,
  ...ACCESS_COMMANDS,
  ...UPKEEP_COMMANDS,
  ...CONNECTION_COMMANDS,
  ...DEPLOYMENT_COMMANDS,
  ...CLIENT_COMMANDS,
};
