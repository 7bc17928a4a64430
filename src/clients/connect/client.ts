import type { WatchedAddress } from '../../http/client.js';
import { EvpipeError } from '../../support/errors.js';
import { fieldsOf } from '../../support/plain-object.js';
import { pause } from '../../support/retry.js';
import { connectJson, type JsonAnswer } from '../http/json-client.js';

export type ConnectorState = 'UNASSIGNED' | 'RUNNING' | 'PAUSED' | 'STOPPED' | 'FAILED' | 'RESTARTING';

export interface TaskStatus {
  readonly id: number;
  readonly state: ConnectorState;
  /** The stack of what made it fail, as the worker has it. */
  readonly trace?: string;
}

export interface ConnectorStatus {
  readonly name: string;
  readonly connector: { readonly state: ConnectorState; readonly trace?: string };
  readonly tasks: readonly TaskStatus[];
}

export type ConnectorConfig = Readonly<Record<string, string>>;

/**
 * The REST API of a Kafka Connect worker. Errors: EVPIPE_CONNECT_<STATUS> with the worker's own message,
 * EVPIPE_CONNECT_UNREACHABLE (kind unreachable). A 409 (a rebalance is under way) is waited out.
 */
export interface ConnectClient {
  version(): Promise<{ readonly version: string; readonly kafkaClusterId: string }>;
  connectors(): Promise<readonly string[]>;
  /** The config of every connector, in one request (KIP-465). */
  configs(): Promise<ReadonlyMap<string, ConnectorConfig>>;
  /** Undefined if the connector does not exist. */
  config(name: string): Promise<ConnectorConfig | undefined>;
  putConfig(name: string, config: ConnectorConfig): Promise<void>;
  status(name: string): Promise<ConnectorStatus | undefined>;
  /** What the worker says against a config, by option; [] where it would take it. */
  validate(
    config: ConnectorConfig,
  ): Promise<ReadonlyArray<{ readonly option: string; readonly messages: readonly string[] }>>;
  /** Topics that it has written or read since it was created (KIP-558); undefined if the worker does not report them. */
  topics(name: string): Promise<readonly string[] | undefined>;
  /** `onlyFailed` leaves alone what runs (KIP-745); workers before 3.0 restart the connector without its tasks. */
  restart(name: string, options?: { readonly onlyFailed: boolean }): Promise<void>;
  pause(name: string): Promise<void>;
  resume(name: string): Promise<void>;
  stop(name: string): Promise<void>;
  /** Nothing happens where it does not exist. */
  remove(name: string): Promise<void>;
  /** KIP-875: the offset of each source partition. Workers before 3.5 answer EVPIPE_CONNECT_404. */
  offsets(name: string): Promise<ReadonlyArray<{ readonly partition: unknown; readonly offset: unknown }>>;
  /** Forgets them; the connector has to be STOPPED. Nothing happens on workers before 3.6, which cannot. */
  removeOffsets(name: string): Promise<void>;
  close(): void;
}

const REBALANCE_ATTEMPTS = 30;
const REBALANCE_PAUSE_MS = 200;

export function openConnect(address: WatchedAddress, signal?: AbortSignal): ConnectClient {
  const http = connectJson({ server: 'Kafka Connect', code: 'CONNECT', ...address, signal });
  const at = (name: string, more = ''): string => `/connectors/${encodeURIComponent(name)}${more}`;

  const ask = async (method: string, path: string, body?: unknown): Promise<JsonAnswer> => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await http.request(method, path, body);
      if (answer.status !== 409 || attempt >= REBALANCE_ATTEMPTS) return answer;
      await pause(REBALANCE_PAUSE_MS * (0.5 + Math.random()), signal);
    }
  };
  const expectOk = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await ask(method, path, body);
    if (answer.status >= 300) throw refusal(answer);
    return answer.body as T;
  };
  const unlessMissing = async <T>(path: string): Promise<T | undefined> => {
    const answer = await ask('GET', path);
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw refusal(answer);
    return answer.body as T;
  };

  return {
    version: async () => {
      const body = await expectOk<{ version: string; kafka_cluster_id: string }>('GET', '/');
      return { version: body.version, kafkaClusterId: body.kafka_cluster_id };
    },
    connectors: () => expectOk('GET', '/connectors'),
    configs: async () => {
      const body = await expectOk<Record<string, { readonly info: { readonly config: ConnectorConfig } }>>(
        'GET',
        '/connectors?expand=info',
      );
      return new Map(Object.entries(body).map(([name, { info }]) => [name, info.config]));
    },
    config: (name) => unlessMissing(at(name, '/config')),
    putConfig: async (name, config) => void (await expectOk('PUT', at(name, '/config'), config)),
    status: (name) => unlessMissing(at(name, '/status')),
    validate: async (config) => {
      const plugin = encodeURIComponent(config['connector.class'] ?? '');
      const body = await expectOk<Validation>('PUT', `/connector-plugins/${plugin}/config/validate`, config);
      return body.configs
        .filter(({ value }) => value.errors.length > 0)
        .map(({ value }) => ({ option: value.name, messages: value.errors }));
    },
    topics: async (name) => {
      const answer = await ask('GET', at(name, '/topics'));
      // 403: its owner has turned topic.tracking off.
      if (answer.status === 403 || answer.status === 404) return undefined;
      if (answer.status >= 300) throw refusal(answer);
      return (answer.body as Record<string, { readonly topics?: readonly string[] }>)[name]?.topics ?? [];
    },
    restart: async (name, { onlyFailed } = { onlyFailed: false }) =>
      void (await expectOk('POST', at(name, `/restart?includeTasks=true&onlyFailed=${onlyFailed}`))),
    pause: async (name) => void (await expectOk('PUT', at(name, '/pause'))),
    resume: async (name) => void (await expectOk('PUT', at(name, '/resume'))),
    stop: async (name) => void (await expectOk('PUT', at(name, '/stop'))),
    remove: async (name) => {
      const answer = await ask('DELETE', at(name));
      if (answer.status >= 300 && answer.status !== 404) throw refusal(answer);
    },
    offsets: async (name) => {
      const body = await expectOk<{ offsets: { partition: unknown; offset: unknown }[] }>('GET', at(name, '/offsets'));
      return body.offsets;
    },
    removeOffsets: async (name) => {
      const answer = await ask('DELETE', at(name, '/offsets'));
      if (answer.status >= 300 && answer.status !== 404 && answer.status !== 405) throw refusal(answer);
    },
    close: () => http.close(),
  };
}

interface Validation {
  readonly configs: ReadonlyArray<{ readonly value: { readonly name: string; readonly errors: readonly string[] } }>;
}

function refusal({ status, body }: JsonAnswer): EvpipeError {
  const { message } = fieldsOf(body);
  return new EvpipeError(
    `EVPIPE_CONNECT_${status}`,
    typeof message === 'string' ? message : `Kafka Connect answers ${status}`,
  );
}
