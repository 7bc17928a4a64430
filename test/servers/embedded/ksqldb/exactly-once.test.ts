import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { exactlyOnceQuery } from '../../../matrix/exactly-once-query.js';

exactlyOnceQuery((dataDir) => startKafka({ dataDir }));
