import type { StartStop } from '../../operations/run/start-stop.js';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline, openRunning } from '../open-pipeline.js';
import { withSession } from '../session.js';

const DONE: Readonly<Record<StartStop, string>> = { start: 'is started', stop: 'is stopped', restart: 'is restarted' };
const UNCHANGED: Readonly<Record<StartStop, string>> = { start: 'runs already', stop: 'is not running', restart: '' };

function entry(action: StartStop, summary: string, example: string): CommandEntry {
  return {
    name: `${action} <component>`,
    summary,
    examples: [example],
    declare: () => {},
    run: async ({ shell, options, operands: [component = ''] }) => {
      const open = action === 'stop' ? openRunning : openPipeline;
      const pipeline = await open(shell, { ...options, quiet: true });
      return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
        const { startStop } = await import('../../operations/run/start-stop.js');
        const result = await startStop(session, action, component);
        const { process, port, changed } = result;
        if (options.output === 'json') shell.out(jsonLine({ kind: 'result', exitCode: EXIT.done, ...result }));
        else if (options.quiet !== true) {
          const at = action === 'stop' || port === undefined ? '' : ` on :${port}`;
          shell.err(`${process} ${changed ? DONE[action] : UNCHANGED[action]}${at}.\n`);
        }
        return EXIT.done;
      });
    },
  };
}

export const startCommand = entry(
  'start',
  'start a stopped component and wait until it is ready',
  'start planning-person-consumer',
);
export const stopCommand = entry(
  'stop',
  'stop one component; the others keep running',
  'stop planning-person-consumer',
);
export const restartCommand = entry('restart', 'stop and start one component', 'restart connect');
