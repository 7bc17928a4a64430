import { optional } from '../../../protocol/connect/option.js';
import { dataFailure } from '../data/failure.js';
import { formatDate } from './date-format.js';
import { APACHE, type TransformPlugin } from './transform.js';

export const timestampRouter: TransformPlugin = {
  className: `${APACHE}.TimestampRouter`,
  meaning: 'The record’s time in its topic’s name.',
  options: [
    optional('STRING', 'topic.format', '${topic}-${timestamp}', 'Format string with ${topic} and ${timestamp}.', {
      importance: 'HIGH',
    }),
    optional('STRING', 'timestamp.format', 'yyyyMMdd', 'Format of the time, as java.text.SimpleDateFormat has it.', {
      importance: 'HIGH',
    }),
  ],
  create(options) {
    const topicFormat = options.string('topic.format');
    const timeFormat = options.string('timestamp.format');
    return (record) => {
      const { timestampMs } = record;
      if (timestampMs === undefined) throw dataFailure(`Timestamp missing on record: ${record.topic}`);
      const values: Readonly<Record<string, string>> = {
        topic: record.topic,
        timestamp: formatDate(timeFormat, timestampMs),
      };
      return {
        ...record,
        topic: topicFormat.replace(/\$\{(topic|timestamp)\}/g, (_, name: string) => values[name] ?? ''),
      };
    };
  },
};
