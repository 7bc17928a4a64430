import type { Command } from 'commander';

export const adoptOption = (command: Command): Command =>
  command.option(
    '--adopt',
    'take over topics, schemas, connectors and the like that are declared and others have made',
  );
