import type { ConnectClient, ConnectorStatus } from '../../clients/connect/client.js';
import { hasFailed, troubleOf } from '../../clients/connect/trouble.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import { EvpipeError } from '../../support/errors.js';
import { waitUntil } from '../../support/retry.js';
import type { Session } from '../session.js';
import { connectClient } from './client.js';

/** A connector as its worker sees it; without `status` it is declared and does not exist. */
export interface ConnectorReport {
  readonly name: string;
  readonly declared: boolean;
  readonly status: ConnectorStatus | undefined;
  /** Why it does not do its work; absent where it does. */
  readonly trouble?: string;
}

function reportOf(name: string, declared: boolean, status: ConnectorStatus | undefined): ConnectorReport {
  const trouble = troubleOf(status);
  return { name, declared, status, ...(trouble === undefined ? {} : { trouble }) };
}

export type ConnectorAction = 'pause' | 'resume' | 'restart';

/** Those on the worker and those of the file, by name. `only`: throws EVPIPE_CONNECTOR_UNKNOWN (kind usage) for a name that is neither. */
export async function connectorReports(
  session: Session,
  only: readonly string[] = [],
): Promise<readonly ConnectorReport[]> {
  const connect = await connectClient(session.clients);
  const declared = new Set(session.pipeline.connectors.map(({ name }) => name));
  const known = [...new Set([...declared, ...(await connect.connectors())])].sort();
  const unknown = only.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw new EvpipeError('EVPIPE_CONNECTOR_UNKNOWN', `there is no connector ${unknown}${didYouMean(unknown, known)}`, {
      kind: 'usage',
    });
  }
  const names = only.length === 0 ? known : only;
  return Promise.all(names.map(async (name) => reportOf(name, declared.has(name), await connect.status(name))));
}

/**
 * Asks for it and waits until the worker reports it for the connector and every task. Throws EVPIPE_CONNECTOR_UNKNOWN (kind
 * usage), EVPIPE_CONNECTOR_FAILED with the first lines of the trace, EVPIPE_DEADLINE (kind deadline).
 */
export async function actOnConnector(
  session: Session,
  action: ConnectorAction,
  name: string,
): Promise<ConnectorReport> {
  const connect = await connectClient(session.clients);
  const [report] = await connectorReports(session, [name]);
  if (report?.status === undefined) {
    throw new EvpipeError('EVPIPE_CONNECTOR_MISSING', `Kafka Connect has no connector ${name} yet`, {
      todo: 'Create it with evpipe init-ksqldb.',
    });
  }
  await connect[action](name);
  const status = await settled(connect, name, action, session);
  return reportOf(name, report.declared, status);
}

async function settled(
  connect: ConnectClient,
  name: string,
  action: ConnectorAction,
  session: Session,
): Promise<ConnectorStatus> {
  const wanted = action === 'pause' ? 'PAUSED' : 'RUNNING';
  const { timeoutMs, signal } = session;
  let last: ConnectorStatus | undefined;
  let failedSinceMs: number | undefined;
  const ended = await waitUntil(
    () => `connector ${name} to be ${wanted}; it is ${last === undefined ? 'gone' : summaryOf(last)}`,
    async () => {
      last = await connect.status(name);
      if (last === undefined) return undefined;
      const { connector, tasks } = last;
      if (connector.state === wanted && tasks.length > 0 && tasks.every(({ state }) => state === wanted)) return last;
      // What failed before the restart is still reported for a moment.
      failedSinceMs = hasFailed(last) ? (failedSinceMs ?? performance.now()) : undefined;
      return failedSinceMs !== undefined && performance.now() - failedSinceMs > FAILED_FOR_MS ? last : undefined;
    },
    { timeoutMs, signal },
  );
  const trouble = troubleOf(ended);
  if (trouble === undefined || action === 'pause') return ended;
  throw new EvpipeError('EVPIPE_CONNECTOR_FAILED', `connector ${name}: ${trouble}`, {
    todo: `The whole trace: evpipe connectors status ${name}`,
  });
}

const FAILED_FOR_MS = 3_000;

/** `RUNNING, 1 of 1 tasks RUNNING`. */
export function summaryOf({ connector, tasks }: ConnectorStatus): string {
  const running = tasks.filter(({ state }) => state === 'RUNNING').length;
  const states = [...new Set(tasks.map(({ state }) => state))].filter((state) => state !== 'RUNNING');
  const others = states.length === 0 ? '' : ` (${states.join(', ')})`;
  return `${connector.state}, ${running} of ${tasks.length} tasks running${others}`;
}
