import type { RunningQuery } from '../runtime/persistent-query.js';

export const queryInfo = (query: RunningQuery): Record<string, unknown> => ({
  queryString: `${query.options.sql};`,
  sinks: query.options.keepsOnly === true ? [] : [query.options.sink.name],
  sinkKafkaTopics: query.options.keepsOnly === true ? [] : [query.options.sink.topic],
  id: query.id,
  statusCount: { [query.state]: 1 },
  queryType: 'PERSISTENT',
  state: query.state,
});
