import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const traceCommand: CommandEntry = {
  name: 'trace <check> <key>',
  summary: 'the chronology of one key across the topics and tables of a check',
  examples: ['trace orders b1b83885', 'trace persons d26c973e --output json | jq .value'],
  declare: () => {},
  run: async ({ shell, options, operands: [check = '', key = ''] }) => {
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { trace } = await import('../../operations/trace/trace.js');
      const found = await trace(session, check, key);
      if (options.output === 'json') {
        for (const entry of found.entries) shell.out(jsonLine(entry));
        return EXIT.done;
      }
      const { traceLines } = await import('../../ui/text/trace.js');
      const { paint } = await import('../../ui/text/line.js');
      for (const one of traceLines(found, shell.columns ?? 160)) shell.out(`${paint(one, shell.color)}\n`);
      return EXIT.done;
    });
  },
};
