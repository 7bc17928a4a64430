import { startKafka } from '../../../../src/embedded/kafka/index.js';
import { sharedQueries } from '../../../matrix/shared-queries.js';

sharedQueries(async (dataDir) => {
  const { bootstrapServers, stop } = await startKafka({ dataDir });
  return { access: { bootstrapServers }, stop };
});
