import type { CommandEntry } from './command.js';
import { downCommand } from './commands/down.js';
import { statusCommand } from './commands/status.js';
import { tailCommand } from './commands/tail.js';
import { initKsqldbCommand, initServicesCommand, seedCommand, upCommand } from './commands/up.js';
import { validateCommand } from './commands/validate.js';
import { verifyConsistencyCommand } from './commands/verify-consistency.js';

/** Every command, in the order of --help. */
export const COMMANDS: readonly CommandEntry[] = [
  upCommand,
  initServicesCommand,
  initKsqldbCommand,
  seedCommand,
  verifyConsistencyCommand,
  tailCommand,
  statusCommand,
  validateCommand,
  downCommand,
];
