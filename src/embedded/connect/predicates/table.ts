import { javaRegex, type OptionDefinition, regexProblem, required } from '../../../protocol/connect/option.js';
import type { Options } from '../config/options.js';
import type { ConnectRecord } from '../data/record.js';

export type Predicate = (record: ConnectRecord) => boolean;

export interface PredicatePlugin {
  readonly className: string;
  readonly meaning: string;
  readonly options: readonly OptionDefinition[];
  create(options: Options): Predicate;
}

const APACHE = 'org.apache.kafka.connect.transforms.predicates';

const topicNameMatches: PredicatePlugin = {
  className: `${APACHE}.TopicNameMatches`,
  meaning: 'The whole name of the record’s topic matches.',
  options: [
    {
      ...required('STRING', 'pattern', 'A Java regular expression for the whole name of a topic.'),
      check: regexProblem,
    },
  ],
  create(options) {
    const pattern = javaRegex(`^(?:${options.string('pattern')})$`);
    return (record) => pattern.test(record.topic);
  },
};

const hasHeaderKey: PredicatePlugin = {
  className: `${APACHE}.HasHeaderKey`,
  meaning: 'The record has a header of that name.',
  options: [required('STRING', 'name', 'The header’s name.')],
  create(options) {
    const name = options.string('name');
    return (record) => record.headers.some((header) => header.name === name);
  },
};

const recordIsTombstone: PredicatePlugin = {
  className: `${APACHE}.RecordIsTombstone`,
  meaning: 'The record’s value is null.',
  options: [],
  create: () => (record) => record.value === null,
};

export const PREDICATES: readonly PredicatePlugin[] = [hasHeaderKey, recordIsTombstone, topicNameMatches];
