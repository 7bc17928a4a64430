import { afterAll, beforeAll } from 'vitest';
import { kafkaTransactions } from '../../../matrix/kafka-transactions.js';
import { startTestKafka, type TestKafka } from '../../../support/kafka.js';

let kafka: TestKafka;

beforeAll(async () => {
  kafka = await startTestKafka();
});

afterAll(() => kafka.stop());

kafkaTransactions(() => kafka.bootstrapServers);
