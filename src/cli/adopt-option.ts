import type { Command } from 'commander';

export const adoptOption = (command: Command): Command =>
  command.option('--adopt', 'take over declared topics, schemas, connectors and so on that were created by others');
