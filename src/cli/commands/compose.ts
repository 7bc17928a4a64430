import type { CommandEntry } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';

export const composeCommand: CommandEntry = {
  name: 'compose <config> [pipeline]',
  summary: 'print the Compose project that --target compose runs',
  examples: ['compose config > compose.yaml', 'compose config --target staging'],
  declare: () => {},
  run: async ({ shell, options, operands: [action = '', operand] }) => {
    const [{ composeProject }, { KINDS }] = await Promise.all([
      import('../../operations/compose.js'),
      import('../../kinds/table.js'),
    ]);
    const target = options.target ?? 'compose';
    const pipeline = await openPipeline(shell, { ...options, target }, operand);
    shell.out(composeProject(pipeline, KINDS, action, shell.env));
    return EXIT.done;
  },
};
