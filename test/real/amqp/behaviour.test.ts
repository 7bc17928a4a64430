import { afterAll, beforeAll } from 'vitest';
import { proveAmqp } from '../../matrix/amqp.js';
import { type RealRabbitmq, startRealRabbitmq } from '../stack/rabbitmq.js';

/** What the embedded server's suite asks is what Debian's RabbitMQ does. */
let rabbitmq: RealRabbitmq;

beforeAll(async () => {
  rabbitmq = await startRealRabbitmq();
});

afterAll(() => rabbitmq?.stop());

proveAmqp(() => rabbitmq);
