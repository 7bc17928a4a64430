import type { WatchedAddress } from '../../http/client.js';
import { EvpipeError } from '../../support/errors.js';
import { fieldsOf } from '../../support/plain-object.js';
import { waitUntil } from '../../support/retry.js';
import { connectJson, type JsonClient } from '../http/json-client.js';

/** One entity of a /ksql answer; its `@type` says which fields there are. */
export type KsqlEntity = Readonly<Record<string, unknown>> & { readonly '@type'?: string };

export interface KsqlOptions {
  readonly properties?: Readonly<Record<string, string>>;
  readonly variables?: Readonly<Record<string, string>>;
}

export interface KsqlQueryInfo {
  readonly id: string;
  readonly text: string;
  readonly sinks: readonly string[];
  readonly sinkTopics: readonly string[];
  readonly state: string;
}

/** Errors: EVPIPE_KSQLDB_<ERROR_CODE> (40001 …) with the server's own message, EVPIPE_KSQLDB_UNREACHABLE (kind unreachable). */
export interface KsqldbClient {
  info(): Promise<{ readonly version: string; readonly kafkaClusterId: string; readonly serviceId: string }>;
  /** Sends statements as they are and answers with the server's entities. */
  send(ksql: string, options?: KsqlOptions): Promise<readonly KsqlEntity[]>;
  /** Sends one statement and waits until the server reports its command as carried out. */
  execute(statement: string, options: KsqlOptions): Promise<void>;
  /** Names of all streams, tables and types, or of all connectors, which ksqlDB asks Kafka Connect for. */
  existingNames(of: 'connectors' | 'others'): Promise<ReadonlySet<string>>;
  runningQueries(): Promise<readonly KsqlQueryInfo[]>;
  close(): void;
}

const COMMAND_TIMEOUT_MS = 60_000;

export function connectKsqldb(address: WatchedAddress, signal?: AbortSignal): KsqldbClient {
  const http = connectJson({
    server: 'ksqlDB',
    code: 'KSQLDB',
    ...address,
    signal,
    timeoutMs: COMMAND_TIMEOUT_MS,
    headers: { 'Content-Type': 'application/vnd.ksql.v1+json', Accept: 'application/vnd.ksql.v1+json' },
  });

  const send = async (ksql: string, options: KsqlOptions = {}): Promise<readonly KsqlEntity[]> => {
    const answer = await http.request('POST', '/ksql', {
      ksql,
      streamsProperties: options.properties ?? {},
      sessionVariables: options.variables ?? {},
    });
    if (answer.status >= 300) throw refusal(answer.status, answer.body);
    return (answer.body ?? []) as KsqlEntity[];
  };
  const list = async <T>(statement: string, field: string): Promise<readonly T[]> => {
    const [entity] = await send(statement);
    return (entity?.[field] ?? []) as T[];
  };

  return {
    info: async () => {
      const answer = await http.request('GET', '/info');
      if (answer.status >= 300) throw refusal(answer.status, answer.body);
      const info = (
        answer.body as { KsqlServerInfo: { version: string; kafkaClusterId: string; ksqlServiceId: string } }
      ).KsqlServerInfo;
      return { version: info.version, kafkaClusterId: info.kafkaClusterId, serviceId: info.ksqlServiceId };
    },
    send,
    execute: async (statement, options) => {
      for (const entity of await send(statement, options)) await commandEnded(entity, http, signal);
    },
    existingNames: async (of) => {
      const named = async (statement: string, field: string) =>
        (await list<{ name: string }>(statement, field)).map(({ name }) => name);
      if (of === 'connectors') return new Set(await named('LIST CONNECTORS;', 'connectors'));
      const [streams, tables, types] = await Promise.all([
        named('LIST STREAMS;', 'streams'),
        named('LIST TABLES;', 'tables'),
        send('LIST TYPES;').then(([entity]) => Object.keys(fieldsOf(entity?.types))),
      ]);
      return new Set([...streams, ...tables, ...types]);
    },
    runningQueries: async () =>
      (
        await list<{ id: string; queryString: string; sinks: string[]; sinkKafkaTopics: string[]; state: string }>(
          'LIST QUERIES;',
          'queries',
        )
      ).map(({ id, queryString, sinks, sinkKafkaTopics, state }) => ({
        id,
        text: queryString,
        sinks,
        sinkTopics: sinkKafkaTopics ?? [],
        state,
      })),
    close: () => http.close(),
  };
}

interface CommandStatus {
  readonly status: 'QUEUED' | 'PARSING' | 'EXECUTING' | 'RUNNING' | 'TERMINATED' | 'SUCCESS' | 'ERROR';
  readonly message: string;
}

/** A statement that changes something is a command: carried out after it was queued, so its status is asked until it ends. */
async function commandEnded(entity: KsqlEntity, http: JsonClient, signal?: AbortSignal): Promise<void> {
  const { commandId } = entity;
  if (typeof commandId !== 'string') return;
  let status = entity.commandStatus as CommandStatus | undefined;
  await waitUntil(
    () => `ksqlDB to carry out ${commandId}`,
    async () => {
      if (status === undefined || isUnderWay(status)) {
        const path = commandId.split('/').map(encodeURIComponent).join('/');
        status = (await http.request('GET', `/status/${path}`)).body as CommandStatus;
      }
      return isUnderWay(status) ? undefined : true;
    },
    { timeoutMs: COMMAND_TIMEOUT_MS, signal },
  );
  if (status?.status === 'ERROR') throw new EvpipeError('EVPIPE_KSQLDB_COMMAND_FAILED', status.message);
}

const isUnderWay = ({ status }: CommandStatus): boolean =>
  status === 'QUEUED' || status === 'PARSING' || status === 'EXECUTING';

export function refusal(status: number, body: unknown): EvpipeError {
  const { error_code: code, message } = fieldsOf(body);
  return new EvpipeError(
    `EVPIPE_KSQLDB_${typeof code === 'number' ? code : status}`,
    typeof message === 'string' ? message : `ksqlDB answers ${status}`,
  );
}
