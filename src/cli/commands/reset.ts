import type { CommandEntry } from '../command.js';
import { confirm } from '../confirm.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const resetCommand: CommandEntry = {
  name: 'reset [resource]',
  summary: 'delete connectors with offsets and slots, streams, groups, queues, schemas and topics to start over',
  examples: ['reset connector/orders-outbox', 'reset group/billing --yes', 'reset --yes'],
  declare: () => {},
  run: async ({ shell, options, operands: [resource] }) => {
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { readReset, reset } = await import('../../operations/plan/reset.js');
      const plan = await readReset(session, resource);
      const entries = plan.things.map(({ entry }) => entry);
      if (options.output === 'text' && options.quiet !== true) {
        const [{ entryLines }, { printLine }] = await Promise.all([
          import('../../ui/text/plan.js'),
          import('../print-line.js'),
        ]);
        for (const one of entries.flatMap(entryLines)) printLine(one, { shell, indent: 6 });
      }
      if (entries.length > 0) await confirm(shell, options, 'Stop the services and delete these?');
      const { removed, left } = await reset(session, plan);
      if (options.output === 'json') {
        shell.out(jsonLine({ kind: 'result', exitCode: EXIT.done, removed, left }));
        return EXIT.done;
      }
      for (const one of removed) shell.out(`  removed  ${one}\n`);
      for (const one of left) shell.out(`  stays    ${one}\n`);
      shell.out(
        removed.length === 0
          ? 'There was nothing to reset.\n'
          : `\nServices are stopped. Start over with \`${shell.self} apply\`.\n`,
      );
      return EXIT.done;
    });
  },
};
