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
  validate(PLACE['connector.class'], { ...PLACE, ...more }, { env: {}, allowedPaths: [] }, false);

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
