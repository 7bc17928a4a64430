/**
 * The classes of transforms and predicates that evpipe knows, so that `validate` can tell a wrong one. A test holds the lists
 * against the embedded Connect's own tables.
 */

/** A class by its full name or, as Connect allows, by the end of it. */
export const findClass = (known: readonly string[], name: string): string | undefined =>
  known.find((one) => one === name.trim()) ?? known.find((one) => one.endsWith(`.${name.trim()}`));

/** Transforms that the embedded Connect has. */
export const TRANSFORM_CLASSES: readonly string[] = [
  'io.debezium.transforms.ByLogicalTableRouter',
  'io.debezium.connector.postgresql.transforms.DecodeLogicalDecodingMessageContent',
  'io.debezium.transforms.outbox.EventRouter',
  'io.debezium.transforms.ExtractChangedRecordState',
  'io.debezium.transforms.ExtractNewRecordState',
  'io.debezium.transforms.ExtractSchemaToNewRecord',
  'io.debezium.transforms.HeaderToValue',
  'io.debezium.transforms.partitions.PartitionRouting',
  'io.debezium.transforms.SchemaChangeEventFilter',
  'io.debezium.transforms.TimezoneConverter',
  'io.debezium.transforms.VectorToJsonConverter',
  'org.apache.kafka.connect.transforms.Cast$Key',
  'org.apache.kafka.connect.transforms.Cast$Value',
  'org.apache.kafka.connect.transforms.DropHeaders',
  'org.apache.kafka.connect.transforms.ExtractField$Key',
  'org.apache.kafka.connect.transforms.ExtractField$Value',
  'org.apache.kafka.connect.transforms.Filter',
  'org.apache.kafka.connect.transforms.Flatten$Key',
  'org.apache.kafka.connect.transforms.Flatten$Value',
  'org.apache.kafka.connect.transforms.HeaderFrom$Key',
  'org.apache.kafka.connect.transforms.HeaderFrom$Value',
  'org.apache.kafka.connect.transforms.HoistField$Key',
  'org.apache.kafka.connect.transforms.HoistField$Value',
  'org.apache.kafka.connect.transforms.InsertField$Key',
  'org.apache.kafka.connect.transforms.InsertField$Value',
  'org.apache.kafka.connect.transforms.InsertHeader',
  'org.apache.kafka.connect.transforms.MaskField$Key',
  'org.apache.kafka.connect.transforms.MaskField$Value',
  'org.apache.kafka.connect.transforms.RegexRouter',
  'org.apache.kafka.connect.transforms.ReplaceField$Key',
  'org.apache.kafka.connect.transforms.ReplaceField$Value',
  'org.apache.kafka.connect.transforms.SetSchemaMetadata$Key',
  'org.apache.kafka.connect.transforms.SetSchemaMetadata$Value',
  'org.apache.kafka.connect.transforms.TimestampConverter$Key',
  'org.apache.kafka.connect.transforms.TimestampConverter$Value',
  'org.apache.kafka.connect.transforms.TimestampRouter',
  'org.apache.kafka.connect.transforms.ValueToKey',
];

/** Predicates that it has. */
export const PREDICATE_CLASSES: readonly string[] = [
  'org.apache.kafka.connect.transforms.predicates.HasHeaderKey',
  'org.apache.kafka.connect.transforms.predicates.RecordIsTombstone',
  'org.apache.kafka.connect.transforms.predicates.TopicNameMatches',
];

const SCRIPTS =
  "It runs scripts, which embedded Connect does not: use Kafka's Filter with a predicate, or decide in the consumer";

/** Debezium's others, and what to do without them. */
export const ABSENT_TRANSFORMS: ReadonlyMap<string, string> = new Map([
  ['io.debezium.transforms.Filter', SCRIPTS],
  ['io.debezium.transforms.ContentBasedRouter', SCRIPTS],
  ['io.debezium.transforms.tracing.ActivateTracingSpan', 'Embedded Connect sends no tracing spans: leave it out here'],
  ['io.debezium.transforms.openlineage.OpenLineage', 'Embedded Connect sends no lineage events: leave it out here'],
  ['io.debezium.transforms.GeometryFormatTransformer', 'Embedded Connect does not convert geometries'],
  ['io.debezium.transforms.SwapGeometryCoordinates', 'Embedded Connect does not convert geometries'],
  [
    'io.debezium.connector.jdbc.transforms.CollectionNameTransformation',
    'Embedded Connect does not have it: rename topics with RegexRouter, or tables with collection.name.format',
  ],
  [
    'io.debezium.connector.jdbc.transforms.FieldNameTransformation',
    'Embedded Connect does not have it: rename fields with ReplaceField',
  ],
  [
    'io.debezium.connector.postgresql.transforms.timescaledb.TimescaleDb',
    'Embedded Connect does not know hypertables: capture the tables that they are made of',
  ],
]);
