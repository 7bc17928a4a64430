import { StatementError } from '../../../ksql/statement-error.js';
import { connectorConfig } from '../../../protocol/ksql/with-values.js';
import type { Engine } from '../engine.js';
import { type ConnectWorker, checked } from '../upstream/connect.js';
import type { JsonAnswer } from '../upstream/http-json.js';
import { messageIn } from '../upstream/http-json.js';
import type { Handler } from './context.js';
import { entity } from './entity.js';

function workerOf(engine: Engine): ConnectWorker {
  if (engine.parts.connect === undefined) {
    throw new StatementError("ksqlDB is not configured to use Kafka Connect: connectors can't be managed");
  }
  return engine.parts.connect;
}

/** CREATE SOURCE|SINK CONNECTOR: the WITH clause is the config, passed on as it is, under the name as it is. */
export const createConnector: Handler<'create-connector'> = async (statement, { engine }) => {
  const worker = workerOf(engine);
  const { name } = statement;
  if (statement.ifNotExists && (await worker.info(name)).status === 200) {
    return entity('warning_entity', statement.written, { message: `Connector ${name} already exists` });
  }
  const answer = await worker.ask('/connectors', 'POST', { name, config: connectorConfig(statement.with) });
  if (answer.status >= 400)
    throw new StatementError(`Failed to create connector: ${messageIn(answer)}`, statementCode(answer));
  return entity('connector_info', statement.written, { info: answer.body });
};

/** A 409 stays a 409; the caller's mistakes are 400, and so is what Connect itself can't do. */
const statementCode = (answer: JsonAnswer): number => (answer.status === 409 ? 40900 : 40001);

export const dropConnector: Handler<'drop-connector'> = async (statement, { engine }) => {
  const answer = await workerOf(engine).ask(`/connectors/${encodeURIComponent(statement.name)}`, 'DELETE');
  if (answer.status === 404 && statement.ifExists) {
    return entity('warning_entity', statement.written, { message: `Connector '${statement.name}' does not exist.` });
  }
  if (answer.status >= 400) throw new StatementError(`Failed to drop connector: ${messageIn(answer)}`, 40001);
  return entity('drop_connector', statement.written, { connectorName: statement.name });
};

export const listConnectors: Handler<'list-connectors'> = async (statement, { engine }) => {
  const worker = workerOf(engine);
  const names = await worker.list();
  const connectors = await Promise.all(names.map((name) => describe(worker, name)));
  const wanted = connectors.filter(({ type }) => statement.type === undefined || type === statement.type.toLowerCase());
  return entity('connector_list', statement.written, { connectors: wanted });
};

interface ConnectorSummary {
  readonly name: string;
  readonly type: string;
  readonly className: string;
  readonly state: string;
}

async function describe(worker: ConnectWorker, name: string): Promise<ConnectorSummary> {
  const [info, status] = await Promise.all([worker.info(name), worker.status(name)]);
  const config = ((info.body ?? {}) as { config?: Record<string, string> }).config ?? {};
  const {
    connector,
    tasks = [],
    type,
  } = (status.body ?? {}) as {
    connector?: { state?: string };
    tasks?: ReadonlyArray<{ state?: string }>;
    type?: string;
  };
  const running = tasks.filter(({ state }) => state === 'RUNNING').length;
  const state =
    connector?.state === 'RUNNING'
      ? `RUNNING (${running}/${tasks.length} tasks RUNNING)`
      : (connector?.state ?? 'UNKNOWN');
  return { name, type: type ?? 'unknown', className: config['connector.class'] ?? '', state };
}

export const listConnectorPlugins: Handler<'list-connector-plugins'> = async (statement, { engine }) => {
  const plugins = checked(await workerOf(engine).ask('/connector-plugins')) as ReadonlyArray<Record<string, string>>;
  const connectorsPlugins = plugins.map((plugin) => ({
    className: plugin.class,
    type: plugin.type,
    version: plugin.version,
  }));
  return entity('connector_plugins_list', statement.written, { connectorsPlugins });
};

export const describeConnector: Handler<'describe-connector'> = async (statement, { engine }) => {
  const worker = workerOf(engine);
  const [info, status, topics] = await Promise.all([
    worker.info(statement.name),
    worker.status(statement.name),
    worker.ask(`/connectors/${encodeURIComponent(statement.name)}/topics`),
  ]);
  if (info.status >= 400) throw new StatementError(`Failed to query connector info: ${messageIn(info)}`);
  const config = (info.body as { config?: Record<string, string> }).config ?? {};
  const listed = ((topics.body ?? {}) as Record<string, { topics?: string[] }>)[statement.name]?.topics ?? [];
  return entity('connector_description', statement.written, {
    connectorClass: config['connector.class'],
    status: status.body,
    sources: [],
    topics: listed,
  });
};
