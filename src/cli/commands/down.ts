import type { DownResult } from '../../operations/run/down.js';
import { counted } from '../../support/counted.js';
import type { CommandEntry } from '../command.js';
import { confirmRelease } from '../confirm-release.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openRunning } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const downCommand: CommandEntry = {
  name: 'down [pipeline]',
  summary: 'stop everything that up started; data is kept',
  examples: ['down', 'down --volumes', 'down --volumes --target staging --yes'],
  declare: (command) =>
    command.option(
      '--volumes',
      'also remove all data: databases, topics, slots, queues, state; asks before it takes anything from servers by address',
    ),
  run: async ({ shell, options, operands: [operand] }) => {
    const pipeline = await openRunning(shell, options, operand);
    const volumes = options.volumes === true;
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { down } = await import('../../operations/run/down.js');
      if (volumes) await confirmRelease(session, shell, options);
      const result = await down(session, { volumes });
      if (options.output === 'json') {
        shell.out(jsonLine({ kind: 'result', exitCode: EXIT.done, volumes, ...result }));
      } else if (options.quiet !== true) shell.out(downText(result, volumes, shell.self));
      return EXIT.done;
    });
  },
};

/** What was stopped, removed and left; ends in a newline. */
export function downText({ stopped, removed, left }: DownResult, volumes: boolean, self: string): string {
  const some = stopped === undefined ? 'what did not answer' : counted(stopped, 'process', 'processes');
  const what = stopped === 0 ? 'Nothing was running.' : `Stopped ${some}.`;
  const data = left.length === 0 ? 'All data was removed.' : 'Their data was removed.';
  return [
    `${what} ${volumes ? data : `Data is kept; ${self} up continues with it.`}`,
    ...removed.map((one) => `  removed  ${one}`),
    ...left.map((one) => `  stays    ${one}`),
    '',
  ].join('\n');
}
