import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const downCommand: CommandEntry = {
  name: 'down [pipeline]',
  summary: 'stop everything that up has started; the data stays',
  examples: ['down', 'down --volumes'],
  declare: (command) => command.option('--volumes', 'remove all data too: databases, topics, slots, state'),
  run: async ({ shell, options, arguments: [operand] }) => {
    const pipeline = await openPipeline(shell, { ...options, quiet: true }, operand as string | undefined);
    const volumes = options.volumes === true;
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { down } = await import('../../operations/down.js');
      const { stopped, removed, left } = await down(session, { volumes });
      if (options.output === 'json') {
        shell.out(jsonLine({ kind: 'result', exitCode: EXIT.done, stopped, volumes, removed, left }));
      } else if (options.quiet !== true) {
        const what =
          stopped === 0 ? 'Nothing was running.' : `Stopped ${stopped} ${stopped === 1 ? 'process' : 'processes'}.`;
        const data = left.length === 0 ? 'All data is removed.' : 'The data of these is removed.';
        shell.out(`${what} ${volumes ? data : `The data stays; ${shell.self} up goes on with it.`}\n`);
        for (const one of removed) shell.out(`  removed  ${one}\n`);
        for (const one of left) shell.out(`  stays    ${one}\n`);
      }
      return EXIT.done;
    });
  },
};
