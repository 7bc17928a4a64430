import type { CommandEntry } from './command.js';

/** Every command, in the order of --help. */
export const COMMANDS: readonly CommandEntry[] = [];
