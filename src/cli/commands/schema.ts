import type { CommandEntry } from '../command.js';
import { EXIT } from '../exit-codes.js';

export const schemaCommand: CommandEntry = {
  name: 'schema',
  summary: 'print the JSON Schema of the pipeline file, for editors',
  examples: ['schema > evpipe.schema.json'],
  declare: (command) =>
    command.addHelpText(
      'after',
      '\nPoint the editor to it in the first line of evpipe.yaml:\n  # yaml-language-server: $schema=./evpipe.schema.json',
    ),
  run: async ({ shell }) => {
    const [{ jsonSchema }, { KINDS }] = await Promise.all([
      import('../../pipeline/json-schema.js'),
      import('../../kinds/table.js'),
    ]);
    shell.out(`${JSON.stringify(jsonSchema(KINDS), null, 2)}\n`);
    return EXIT.done;
  },
};
