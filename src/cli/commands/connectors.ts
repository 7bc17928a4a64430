import { Argument } from 'commander';
import type { ConnectorAction, ConnectorReport } from '../../kinds/connector/connectors.js';
import type { Session } from '../../kinds/session.js';
import { EvpipeError } from '../../support/errors.js';
import type { CommandCall, CommandEntry } from '../command.js';
import { connectorText } from '../connector-text.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const CONNECTOR_ACTIONS = ['list', 'status', 'pause', 'resume', 'restart'] as const;

export const connectorsCommand: CommandEntry = {
  name: 'connectors',
  summary: 'list connectors, show their full stack traces, pause, resume or restart them',
  examples: ['connectors', 'connectors status accounting-cdc', 'connectors pause accounting-cdc'],
  declare: (command) =>
    command
      .addArgument(new Argument('[action]', 'what to do').choices(CONNECTOR_ACTIONS).default('list'))
      .argument('[names...]', 'connectors; list and status default to all'),
  run: async (call) => {
    const { shell, options, operands, rest: names } = call;
    const action = CONNECTOR_ACTIONS.find((known) => known === operands[0]) ?? 'list';
    if (action !== 'list' && action !== 'status' && names.length === 0) {
      throw new EvpipeError('EVPIPE_CONNECTOR_UNNAMED', `name the connector to ${action}`, { kind: 'usage' });
    }
    const pipeline = await openPipeline(shell, { ...options, quiet: true });
    return withSession(pipeline, { shell, options, emit: () => {} }, (session) =>
      action === 'list' || action === 'status' ? show(session, call, action, names) : act(session, call, action, names),
    );
  },
};

/** Exit code 1 where one of them does not do its work. */
async function show(
  session: Session,
  { shell, options }: CommandCall,
  action: 'list' | 'status',
  names: readonly string[],
): Promise<number> {
  const { connectorReports } = await import('../../kinds/connector/connectors.js');
  const reports = await connectorReports(session, names);
  if (options.output === 'json') for (const report of reports) shell.out(jsonLine(report));
  else {
    const lines = await Promise.all(
      reports.map((report) => (action === 'list' ? listLine(report, reports) : connectorText(report))),
    );
    shell.out(lines.join(''));
    if (reports.length === 0) shell.err('There are no connectors.\n');
  }
  return reports.every(({ trouble }) => trouble === undefined) ? EXIT.done : EXIT.failed;
}

async function act(
  session: Session,
  { shell, options }: CommandCall,
  action: ConnectorAction,
  names: readonly string[],
): Promise<number> {
  const { actOnConnector, summaryOf } = await import('../../kinds/connector/connectors.js');
  for (const name of names) {
    const report = await actOnConnector(session, action, name);
    if (options.output === 'json') shell.out(jsonLine(report));
    else if (options.quiet !== true && report.status !== undefined)
      shell.err(`${name} is ${summaryOf(report.status)}.\n`);
  }
  return EXIT.done;
}

async function listLine({ name, status, declared }: ConnectorReport, all: readonly ConnectorReport[]): Promise<string> {
  const { summaryOf } = await import('../../kinds/connector/connectors.js');
  const width = Math.max(...all.map((one) => one.name.length));
  const state = status === undefined ? 'does not exist yet' : summaryOf(status);
  return `${name.padEnd(width)}  ${state}${declared ? '' : '   not in the pipeline file'}\n`;
}
