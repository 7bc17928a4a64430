/**
 * A Kafka broker for one node, in this process or in one of its own: the package export `evpipe/kafka`.
 *
 * ```ts
 * const kafka = await startKafka({ dataDir: await mkdtemp(join(tmpdir(), 'kafka-')) });
 * const client = new Kafka({ brokers: [kafka.bootstrapServers] });
 * …
 * await kafka.stop();
 * ```
 */
export type { Clock } from '../../support/clock.js';
export type { KafkaListener, KafkaOptions, KafkaUser } from './options.js';
export { type RunningKafka, startKafka } from './server/server.js';
