import { join } from 'node:path';
import { connectKafka } from '../../../src/clients/kafka/client.js';
import { AMQP_HANDLERS, amqpShot } from './amqp-shots.js';
import { Attacked } from './attacked.js';
import type { Dice } from './dice.js';
import {
  CONNECT_ENDPOINTS,
  GATEWAY_ENDPOINTS,
  KSQLDB_ENDPOINTS,
  MANAGEMENT_ENDPOINTS,
  REGISTRY_ENDPOINTS,
} from './endpoints.js';
import { type Endpoint, endpointName, httpShot } from './http-shots.js';
import { KAFKA_HANDLERS, kafkaShot } from './kafka-shots.js';
import { KSQL_SETUP } from './languages.js';
import type { Shot } from './shot.js';

/** A server that shots are for. */
export interface FuzzedServer {
  readonly name: string;
  readonly handlers: readonly string[];
  /** More turns than one, for those that have more to go wrong; default one each. */
  readonly turns?: readonly string[];
  shot(dice: Dice, handler: string, spoiled: boolean): Shot;
  /** The server first, then what it needs; to be stopped in this order. */
  start(folder: string): Promise<readonly [Attacked, ...Attacked[]]>;
}

const startKafka = (folder: string): Promise<Attacked> => Attacked.start('kafka', { dataDir: join(folder, 'kafka') });
const addressOf = ({ port }: Attacked): string => `127.0.0.1:${port}`;

function httpServer(name: string, endpoints: readonly Endpoint[], start: FuzzedServer['start']): FuzzedServer {
  const byName = new Map(endpoints.map((endpoint) => [endpointName(endpoint), endpoint]));
  return {
    name,
    handlers: [...byName.keys()],
    turns: endpoints.flatMap((endpoint) => Array<string>(turnsOf(endpoint)).fill(endpointName(endpoint))),
    shot(dice, handler, spoiled) {
      const endpoint = byName.get(handler);
      if (endpoint === undefined) throw new Error(`${name} has no ${handler}`);
      return httpShot(dice, endpoint, spoiled);
    },
    start,
  };
}

/** What is read of a path alone is soon known; bodies hold languages of their own. */
const turnsOf = ({ bodies }: Endpoint): number => (bodies === undefined ? 1 : Math.min(4 + bodies.length, 20));

const startAmqp: FuzzedServer['start'] = async (folder) => [
  await Attacked.start('amqp', { dataDir: join(folder, 'amqp') }),
];

async function startKsqldb(folder: string): Promise<readonly [Attacked, ...Attacked[]]> {
  const kafka = await startKafka(folder);
  const registry = await Attacked.start('schema-registry', { bootstrapServers: addressOf(kafka) });
  const engine = await Attacked.start('ksqldb', {
    kafka: { bootstrapServers: addressOf(kafka) },
    schemaRegistry: { url: `http://${addressOf(registry)}` },
  });
  for (const ksql of KSQL_SETUP)
    await fetch(`http://${addressOf(engine)}/ksql`, {
      method: 'POST',
      body: JSON.stringify({ ksql }),
      headers: { 'content-type': 'application/json' },
    });
  return [engine, registry, kafka];
}

export const FUZZED_SERVERS: readonly FuzzedServer[] = [
  {
    name: 'Kafka',
    handlers: KAFKA_HANDLERS,
    shot: kafkaShot,
    async start(folder) {
      const kafka = await startKafka(folder);
      const client = connectKafka({ bootstrapServers: addressOf(kafka), clientId: 'setup' });
      for (const name of ['orders', 'events'])
        if ((await client.describeTopic(name)) === undefined) await client.createTopic({ name, partitions: 2 });
      await client.close();
      return [kafka];
    },
  },
  { name: 'AMQP', handlers: AMQP_HANDLERS, shot: amqpShot, start: startAmqp },
  httpServer('AMQP management', MANAGEMENT_ENDPOINTS, startAmqp),
  httpServer('Schema Registry', REGISTRY_ENDPOINTS, async (folder) => {
    const kafka = await startKafka(folder);
    return [await Attacked.start('schema-registry', { bootstrapServers: addressOf(kafka) }), kafka];
  }),
  httpServer('Connect', CONNECT_ENDPOINTS, async (folder) => {
    const kafka = await startKafka(folder);
    return [await Attacked.start('connect', { kafka: { bootstrapServers: addressOf(kafka) } }), kafka];
  }),
  httpServer('ksqlDB', KSQLDB_ENDPOINTS, startKsqldb),
  httpServer('gateway', GATEWAY_ENDPOINTS, async (folder) => {
    const kafka = await startKafka(folder);
    const registry = await Attacked.start('schema-registry', { bootstrapServers: addressOf(kafka) });
    const routes = [
      { prefix: '/', service: 'registry', url: `http://${addressOf(registry)}`, ready: '/' },
      { prefix: '/away', service: 'away', url: 'http://127.0.0.1:1' },
    ];
    return [await Attacked.start('gateway', { routes }), registry, kafka];
  }),
];
