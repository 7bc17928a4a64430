import { expect, it } from 'vitest';
import { validate } from '../../../../src/embedded/connect/worker/validate.js';

const PLACE = {
  name: 'c',
  'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
  'topic.prefix': 'p',
  'database.hostname': 'h',
  'database.user': 'u',
  'database.dbname': 'd',
  'plugin.name': 'pgoutput',
};
const JSON_CONVERTER = 'org.apache.kafka.connect.json.JsonConverter';
const AVRO = 'io.confluent.connect.avro.AvroConverter';

const validated = (more: Record<string, string>) =>
  validate(PLACE['connector.class'], { ...PLACE, ...more }, { env: {}, allowedPaths: [] }, { deeply: false });

it('names each option that nothing reads, also those of converters, transforms and predicates', async () => {
  const { warnings } = await validated({
    nonsense: '1',
    'value.converter': JSON_CONVERTER,
    'value.converter.schemas.enabled': 'false',
    'value.converter.schemas.cache.size': '5',
    transforms: 't',
    'transforms.t.type': 'org.apache.kafka.connect.transforms.RegexRouter',
    'transforms.t.regex': 'a',
    'transforms.t.replacement': 'b',
    'transforms.t.predicate': 'x',
    'transforms.t.replace': 'c',
    predicates: 'x',
    'predicates.x.type': 'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
    'predicates.x.pattern': 'c',
    'snapshot.max.threads': '4',
  });
  expect(warnings).toEqual([
    'option nonsense is not known to io.debezium.connector.postgresql.PostgresConnector: it has no effect',
    'option snapshot.max.threads has no effect. Not used: tables are read one after the other.',
    'option transforms.t.replace is not known to org.apache.kafka.connect.transforms.RegexRouter: it has no effect',
    'option predicates.x.pattern is not known to org.apache.kafka.connect.transforms.predicates.RecordIsTombstone: it has no effect',
    'option value.converter.schemas.cache.size has no effect. Not used: all schemas are kept.',
    `option value.converter.schemas.enabled is not known to ${JSON_CONVERTER}: it has no effect`,
  ]);
});

it.each([
  ['enhanced.avro.schema.support', 'true'],
  ['normalize.schemas', 'true'],
  ['value.subject.name.strategy', 'com.example.Mine'],
  ['bearer.auth.token', 'secret'],
])('refuses an option of a converter that it lacks: %s', async (option, value) => {
  const { results } = await validated({
    'value.converter': AVRO,
    'value.converter.schema.registry.url': 'http://r',
    [`value.converter.${option}`]: value,
  });
  const wrong = results.filter(({ errors }) => errors.length > 0);
  expect(wrong.map(({ definition }) => definition.name)).toEqual([`value.converter.${option}`]);
});

const NO_SUPPORT = 'This worker does not have exactly-once source support enabled.';
const NO_BOUNDARIES =
  'The connector does not support connector-defined transaction boundaries with the given configuration. Please reconfigure it to use a different transaction boundary definition.';
const oneOf = (option: string, value: string, words: string) =>
  `Invalid value ${value} for configuration ${option}: String must be one of (case insensitive): ${words}`;

it.each([
  ['disabled', 'exactly.once.support', 'REQUIRED', NO_SUPPORT],
  ['preparing', 'exactly.once.support', 'required', NO_SUPPORT],
  ['enabled', 'exactly.once.support', 'required', undefined],
  ['disabled', 'exactly.once.support', 'requested', undefined],
  ['enabled', 'exactly.once.support', 'yes', oneOf('exactly.once.support', 'yes', 'REQUIRED, REQUESTED')],
  ['enabled', 'transaction.boundary', 'connector', NO_BOUNDARIES],
  ['disabled', 'transaction.boundary', 'connector', NO_BOUNDARIES],
  ['enabled', 'transaction.boundary', 'Interval', undefined],
  ['enabled', 'transaction.boundary', 'never', oneOf('transaction.boundary', 'never', 'INTERVAL, POLL, CONNECTOR')],
])(
  'a worker whose exactly-once support is %s answers %s=%s as Connect does',
  async (support, option, value, problem) => {
    const worker = { 'exactly.once.source.support': support };
    const { results } = await validate(
      PLACE['connector.class'],
      { ...PLACE, [option]: value },
      { env: {}, allowedPaths: [] },
      { deeply: false, worker },
    );
    expect(results.flatMap(({ errors }) => errors)).toEqual(problem === undefined ? [] : [problem]);
  },
);
