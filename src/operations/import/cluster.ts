import type { ConnectClient } from '../../clients/connect/client.js';
import type { KafkaClient } from '../../clients/kafka/contract.js';
import type { SchemaReference, SchemaRegistryClient } from '../../clients/schema-registry/client.js';
import type { SchemaType } from '../../protocol/confluent/schema-type.js';

/** What a cluster holds of its users', as far as it was asked. */
export interface FoundCluster {
  readonly topics: readonly FoundTopic[];
  readonly subjects: readonly FoundSubject[];
  readonly connectors: readonly FoundConnector[];
  /** How many topics and subjects belong to the servers themselves. */
  readonly internal: { readonly topics: number; readonly subjects: number };
}

export interface FoundTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicas: number;
  /** What was set for this topic; defaults are left out. */
  readonly config: Readonly<Record<string, string>>;
}

export interface FoundSubject {
  readonly name: string;
  readonly type: SchemaType;
  readonly schema: string;
  readonly references: readonly SchemaReference[];
  /** Its own; undefined where the registry's default holds. */
  readonly compatibility: string | undefined;
}

export interface FoundConnector {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  /** Where it has written, or read from, since it was made; undefined where the worker does not tell. */
  readonly topics: readonly string[] | undefined;
}

const INTERNAL = [
  /^__/, // __consumer_offsets, __transaction_state, Debezium's heartbeats
  /^_schemas$|^_confluent|^_evpipe_/,
  /(^|[-_.])connect-(configs?|offsets?|status(es)?)$/,
  /ksql_processing_log$/i,
  /-(changelog|repartition)$/, // of Kafka Streams
];

/** Does it belong to a server rather than to a user? */
export const isInternalTopic = (name: string): boolean => INTERNAL.some((pattern) => pattern.test(name));

const isInternalSubject = (name: string): boolean => isInternalTopic(name.replace(/-(key|value)$/, ''));

export async function readCluster(clients: {
  readonly kafka: KafkaClient;
  readonly registry: SchemaRegistryClient | undefined;
  readonly connect: ConnectClient | undefined;
}): Promise<FoundCluster> {
  const topics = await clients.kafka.listTopics();
  const own = topics.filter(({ name, internal }) => !internal && !isInternalTopic(name));
  const subjects = (await clients.registry?.listSubjects()) ?? [];
  const ownSubjects = subjects.filter((name) => !isInternalSubject(name));
  return {
    topics: await inOrder(own, async ({ name, partitions }) => ({
      name,
      partitions: partitions.length,
      replicas: partitions[0]?.replicas.length ?? 1,
      config: await topicConfig(clients.kafka, name),
    })),
    subjects: (
      await inOrder(
        ownSubjects.map((name) => ({ name })),
        ({ name }) => readSubject(clients.registry, name),
      )
    ).flatMap((one) => one ?? []),
    connectors: await readConnectors(clients.connect),
    internal: { topics: topics.length - own.length, subjects: subjects.length - ownSubjects.length },
  };
}

/** By name, one after the other: a foreign cluster is not ours to press. */
async function inOrder<In extends { readonly name: string }, Out>(
  all: readonly In[],
  read: (one: In) => Promise<Out>,
): Promise<readonly Out[]> {
  const found: Out[] = [];
  for (const one of [...all].sort((a, b) => a.name.localeCompare(b.name))) found.push(await read(one));
  return found;
}

async function topicConfig(kafka: KafkaClient, name: string): Promise<Readonly<Record<string, string>>> {
  const entries = await kafka.topicConfig(name);
  const set = entries.filter(({ source, readOnly, sensitive }) => source === 'topic' && !readOnly && !sensitive);
  return Object.fromEntries(set.flatMap((entry) => (entry.value === null ? [] : [[entry.name, entry.value]])));
}

async function readSubject(
  registry: SchemaRegistryClient | undefined,
  name: string,
): Promise<FoundSubject | undefined> {
  const [latest, compatibility] = await Promise.all([registry?.version(name, 'latest'), registry?.compatibility(name)]);
  if (latest === undefined) return undefined; // deleted meanwhile
  const { schemaType: type, schema, references } = latest;
  return { name, type, schema, references, compatibility };
}

async function readConnectors(connect: ConnectClient | undefined): Promise<readonly FoundConnector[]> {
  if (connect === undefined) return [];
  const names = (await connect.connectors()).map((name) => ({ name }));
  const found = await inOrder(names, async ({ name }) => {
    const [config, topics] = await Promise.all([connect.config(name), connect.topics(name)]);
    return config === undefined ? undefined : { name, config, topics: topics?.filter((one) => !isInternalTopic(one)) };
  });
  return found.flatMap((one) => one ?? []);
}
