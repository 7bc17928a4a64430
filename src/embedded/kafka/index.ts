/**
 * A Kafka broker for one node, in this process or in one of its own: the package export `evpipe/kafka`.
 *
 * ```ts
 * const kafka = await startKafka({ dataDir: await mkdtemp(join(tmpdir(), 'kafka-')) });
 * const client = new Kafka({ brokers: [kafka.bootstrapServers] });
 * …
 * const fault = kafka.addFault({ request: 'Produce', error: 'NOT_LEADER_OR_FOLLOWER', times: 3 });
 * …
 * await kafka.stop();
 * ```
 */
export type { Clock } from '../../support/clock.js';
export type { AddedFault, KafkaFault } from './faults/faults.js';
export type { KafkaAcl, KafkaListener, KafkaOptions, KafkaUser } from './options.js';
export { type RunningKafka, startKafka } from './server/server.js';
