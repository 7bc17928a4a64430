import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openEveryProfile } from '../open-pipeline.js';

export const validateCommand: CommandEntry = {
  name: 'validate [pipeline]',
  summary: 'check the pipeline file with each of its profiles, report all problems at once, start nothing',
  examples: ['validate pipelines/person-planning'],
  declare: () => {},
  run: async ({ shell, options, operands: [operand] }) => {
    const pipeline = await openEveryProfile(shell, options, operand);
    if (options.output === 'json')
      shell.out(jsonLine({ kind: 'result', exitCode: EXIT.done, pipeline: pipeline.name }));
    else if (options.quiet !== true) shell.out(`${pipeline.name} is valid.\n`);
    return EXIT.done;
  },
};
