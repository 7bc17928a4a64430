import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { NodeNote } from '../../kinds/flow/draw-svg.js';
import type { DrawnNode } from '../../kinds/flow/drawing-graph.js';
import type { Session } from '../../kinds/session.js';
import type { StatusReport } from '../../kinds/status-report.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { exitOfReports } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { timeoutMs, withSession } from '../session.js';

export const reportCommand: CommandEntry = {
  name: 'report [file]',
  summary: 'write one HTML page of the running pipeline: the flow drawn, components, checks with rows that differ, lag',
  examples: ['report', 'report pipeline.html', 'report --no-checks pipeline.html'],
  declare: (command) => command.option('--no-checks', 'do not run the checks'),
  run: async ({ shell, options, operands: [operand] }) => {
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const file = resolve(shell.cwd, operand ?? `${pipeline.name}-report.html`);
      const { checks, lags } = await proven(session, {
        checks: options.checks !== false,
        deadlineMs: timeoutMs(options),
      });
      const [{ readStatus }, { drawSvg }, { reportPage }] = await Promise.all([
        import('../../operations/status/status.js'),
        import('../../kinds/flow/draw-svg.js'),
        import('../report-page.js'),
      ]);
      const status = await readStatus(session);
      const drawing = drawSvg(pipeline, noteOf(status));
      write(file, reportPage({ status, drawing, checks, lags, at: new Date().toISOString() }));
      const exitCode = exitOfReports(checks);
      if (options.output === 'json') shell.out(jsonLine({ kind: 'result', exitCode, file }));
      else if (options.quiet !== true) shell.err(`Written to ${file}.\n`);
      return exitCode;
    });
  },
};

/** Runs the checks, and looks at the lag of the groups meanwhile. */
async function proven(
  session: Session,
  options: { readonly checks: boolean; readonly deadlineMs: number | undefined },
) {
  const [{ verifyConsistency }, { sampleLags }] = await Promise.all([
    import('../../kinds/check/verify-consistency.js'),
    import('../lag-samples.js'),
  ]);
  const sampling = new AbortController();
  const lags = sampleLags(session, sampling.signal);
  try {
    const { deadlineMs } = options;
    const checks = options.checks
      ? await verifyConsistency(session, { deadlineMs, timeoutMs: deadlineMs, waitingFor: () => {} })
      : [];
    sampling.abort();
    return { checks, lags: await lags };
  } finally {
    sampling.abort();
  }
}

/** What `status` says of the node, by the name that both have. */
function noteOf({ flows }: StatusReport): (node: DrawnNode) => NodeNote | undefined {
  const said = flows.flat().filter(({ detail }) => detail !== '');
  return ({ kind, name }) => {
    const found = said.find((one) => one.name === name || (kind === 'query' && one.name.startsWith(`${name}_`)));
    return found && { text: found.detail, health: found.health };
  };
}

/** Throws EVPIPE_REPORT_FILE. */
function write(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (cause) {
    throw new EvpipeError('EVPIPE_REPORT_FILE', `cannot write the report: ${messageOf(cause)}`, { cause });
  }
}
