import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { exactlyOnceSource } from '../../../matrix/exactly-once-source.js';

exactlyOnceSource((dataDir) => startKafka({ dataDir }));
