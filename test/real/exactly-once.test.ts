import { describe } from 'vitest';
import { exactlyOnceQuery } from '../matrix/exactly-once-query.js';
import { exactlyOnceSource } from '../matrix/exactly-once-source.js';
import { startRealKafka } from './stack/kafka.js';

describe('a source on the real Kafka', () => exactlyOnceSource((dataDir) => startRealKafka({ dataDir })));

describe('a query on the real Kafka', () => exactlyOnceQuery((dataDir) => startRealKafka({ dataDir })));
