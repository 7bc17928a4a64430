import { afterAll, beforeAll } from 'vitest';
import { proveDown } from '../../matrix/amqp-down.js';
import { proveConservation } from '../../matrix/conservation.js';
import { type RealRabbitmq, startRealRabbitmq } from '../stack/rabbitmq.js';

let rabbitmq: RealRabbitmq;

beforeAll(async () => {
  rabbitmq = await startRealRabbitmq();
});

afterAll(() => rabbitmq?.stop());

proveDown(() => rabbitmq);
proveConservation(() => rabbitmq);
