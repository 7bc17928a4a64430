import { Argument } from 'commander';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const topicsCommand: CommandEntry = {
  name: 'topics',
  summary: 'list topics, or describe them: partitions, offsets, settings, who reads them',
  examples: ['topics', 'topics describe public_person_entity_events'],
  declare: (command) =>
    command
      .addArgument(new Argument('[action]', 'what to do').choices(['list', 'describe']).default('list'))
      .argument('[names...]', 'topics; default: all'),
  run: async ({ shell, options, operands: [action], rest: names }) => {
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { describeTopics } = await import('../../operations/topics/describe.js');
      const { listTable } = await import('../data-table.js');
      const reports = await describeTopics(session, names);
      if (options.output === 'json') for (const report of reports) shell.out(jsonLine(report));
      else if (action === 'list') {
        const rows = reports.map(({ topic, partitions, records, groups, declared }) => [
          ...[topic, partitions.length, records, declared ? 'yes' : 'no', groups.join(', ') || 'no group'],
        ]);
        shell.out(listTable(['topic', 'partitions', 'records', 'declared', 'read by'], rows, shell.columns));
      } else {
        const { topicText } = await import('../topic-text.js');
        for (const report of reports) shell.out(topicText(report, shell.columns));
      }
      return EXIT.done;
    });
  },
};
