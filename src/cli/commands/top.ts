import type { Session } from '../../kinds/session.js';
import { EvpipeError } from '../../support/errors.js';
import type { CommandEntry } from '../command.js';
import { EXIT } from '../exit-codes.js';
import { openRunning } from '../open-pipeline.js';
import { withSession } from '../session.js';
import type { Shell } from '../shell.js';

export const topCommand: CommandEntry = {
  name: 'top [pipeline]',
  summary: 'all of it on one screen: components, flow, topics, connectors, groups, checks; ? shows the keys',
  examples: ['top', 'top pipelines/person-planning'],
  declare: () => {},
  run: async ({ shell, options, operands: [operand] }) => {
    if (!shell.interactive || options.output !== 'text' || !process.stdin.isTTY)
      throw new EvpipeError('EVPIPE_TOP_TERMINAL', 'top needs a terminal and its keyboard', {
        kind: 'usage',
        todo: `\`${shell.self} status\` prints how all is; with --watch it goes on.`,
      });
    const pipeline = await openRunning(shell, options, operand);
    return withSession(pipeline, { shell, options, emit: () => {} }, (session) => showTop(session, shell));
  },
};

/** The screen until its reader leaves. */
export async function showTop(session: Session, shell: Shell): Promise<number> {
  const [{ loadScreens }, { topSource }] = await Promise.all([
    import('../../ui/screens.js'),
    import('../top-source.js'),
  ]);
  const { renderTop } = await loadScreens();
  const left = await renderTop({ source: topSource(session), color: shell.color, signal: shell.signal });
  return left === 'interrupted' && shell.signal.aborted ? EXIT.interrupted : EXIT.done;
}
