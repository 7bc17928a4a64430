import { EvpipeError } from '../../support/errors.js';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openRunning } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const logsCommand: CommandEntry = {
  name: 'logs [components...]',
  summary: 'what servers and services have written',
  examples: ['logs planning-person-consumer --follow', 'logs connect ksqldb -n 20'],
  declare: (command) =>
    command
      .option('--follow', 'go on with what they write, until Ctrl-C')
      .option('-n, --tail <lines>', 'how many lines of the past, per component', '100'),
  run: async ({ shell, options, arguments: [components] }) => {
    const of = (components ?? []) as readonly string[];
    const tail = lineCount(String(options.tail));
    const pipeline = await openRunning(shell, options);
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { logs } = await import('../../operations/run/logs.js');
      const { column } = await import('../../ui/text/line.js');
      // A name is as wide as the longest there can be: lines of followed logs come in any order.
      const width = Math.max(8, ...pipeline.services.map(({ name }) => name.length));
      let any = false;
      for await (const { process, text } of logs(session, { of, tail, follow: options.follow === true })) {
        any = true;
        if (options.output === 'json') shell.out(jsonLine({ process, text }));
        else shell.out(of.length === 1 ? `${text}\n` : `${column(process, width)}  ${text}\n`);
      }
      if (!any && options.quiet !== true) shell.err('Nothing has been written.\n');
      return shell.signal.aborted ? EXIT.interrupted : EXIT.done;
    });
  },
};

function lineCount(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new EvpipeError('EVPIPE_LINES', `--tail ${text} is not a number of lines`, { kind: 'usage' });
}
