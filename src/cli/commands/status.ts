import { relative } from 'node:path';
import { EvpipeError } from '../../support/errors.js';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openRunning } from '../open-pipeline.js';
import { withSession } from '../session.js';
import { showTop } from './top.js';

export const statusCommand: CommandEntry = {
  name: 'status [pipeline]',
  summary: 'show what is running and how far data has got',
  examples: ['status', 'status --watch'],
  declare: (command) =>
    command.option('-w, --watch', 'stay and look again every second; on a terminal this is evpipe top'),
  run: async ({ shell, options, operands: [operand] }) => {
    const pipeline = await openRunning(shell, options, operand);
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { readStatus, watchStatus } = await import('../../operations/status/status.js');
      if (options.watch === true && shell.interactive && options.output === 'text') return showTop(session, shell);
      const { statusLines } = await import('../../ui/text/status.js');
      const { paint } = await import('../../ui/text/line.js');
      const print = (report: Awaited<ReturnType<typeof readStatus>>): void => {
        if (options.output === 'json') shell.out(jsonLine(report));
        else
          for (const line of statusLines(report, { columns: shell.columns ?? 120 }))
            shell.out(`${paint(line, shell.color)}\n`);
      };
      if (options.watch === true) {
        for await (const report of watchStatus(session, shell.signal)) print(report);
        return EXIT.done;
      }
      const report = await readStatus(session);
      print(report);
      if (report.running) return EXIT.done;
      throw new EvpipeError('EVPIPE_NOT_RUNNING', `${pipeline.name} is not running`, {
        kind: 'unreachable',
        todo: `Start it with \`${shell.self} up ${relative(shell.cwd, pipeline.file)}\`.`,
      });
    });
  },
};
