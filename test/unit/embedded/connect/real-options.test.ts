import { describe, expect, it } from 'vitest';
import { CONVERTERS } from '../../../../src/embedded/connect/converters/table.js';
import { PREDICATES } from '../../../../src/embedded/connect/predicates/table.js';
import { TRANSFORMS } from '../../../../src/embedded/connect/transforms/table.js';
import { ABSENT_TRANSFORMS } from '../../../../src/protocol/connect/classes.js';
import {
  CONNECTOR_OPTIONS,
  OPEN_OPTIONS,
  SINK_OPTIONS,
  SOURCE_OPTIONS,
  withoutEffect,
} from '../../../../src/protocol/connect/connector-options.js';
import { DEBEZIUM_JDBC_SINK, POSTGRES_SOURCE } from '../../../../src/protocol/connect/connectors.js';
import { RENAMED_OPTIONS } from '../../../../src/protocol/connect/older-postgresql-options.js';
import { type OptionDefinition, problemsOf } from '../../../../src/protocol/connect/option.js';
import { realOptions } from './real-options.js';

const real = realOptions();

/** The classes whose fields are options of a connector, and ours. */
const CONNECTORS: ReadonlyArray<
  readonly [name: string, definitions: readonly OptionDefinition[], classes: readonly RegExp[]]
> = [
  [
    'the PostgreSQL source',
    [...CONNECTOR_OPTIONS, ...SOURCE_OPTIONS, ...POSTGRES_SOURCE.options],
    [
      /^io\.debezium\.connector\.postgresql\.Postgres/,
      /^io\.debezium\.config\.CommonConnectorConfig$/,
      /^io\.debezium\.relational\.RelationalDatabaseConnectorConfig$/,
      /^io\.debezium\.heartbeat\./,
      /^io\.debezium\.pipeline\./,
      /^io\.debezium\.schema\./,
      /^org\.apache\.kafka\.connect\.runtime\.SourceConnectorConfig$/,
      /^org\.apache\.kafka\.connect\.runtime\.ConnectorConfig$/,
    ],
  ],
  [
    'the JDBC sink',
    [...CONNECTOR_OPTIONS, ...SINK_OPTIONS, ...DEBEZIUM_JDBC_SINK.options],
    [
      /^io\.debezium\.connector\.jdbc\.JdbcSinkConnector/,
      /^io\.debezium\.sink\./,
      /^org\.apache\.kafka\.connect\.runtime\.SinkConnectorConfig$/,
    ],
  ],
];

/** Classes that no configuration of a connector names, and why their options are not walked. */
const ELSEWHERE: readonly RegExp[] = [
  /^io\.debezium\.relational\.(history|Historized)/, // databases that have a schema history
  /^io\.debezium\.serde\./, // Kafka Streams
  /^io\.debezium\.jdbc\.JdbcConfiguration$/, // the same as `database.…`
  /^io\.debezium\.processors\./, // the options of a post processor, by its name
  /^org\.apache\.kafka\.connect\.runtime\.(WorkerConfig|TaskConfig|distributed|standalone)/, // a pipeline file has none
  /^org\.apache\.kafka\.connect\.storage\.SimpleHeaderConverter$/, // no options
  /(Config|ConfigDefinition|Delegate)$/, // of a class that is walked
  /\.transforms\.(Cast|ExtractField|Flatten|HeaderFrom|HoistField|InsertField|MaskField|ReplaceField|SetSchemaMetadata|TimestampConverter)$/, // of $Key and $Value
];

/** `converter.type` is set by the worker. */
const PLUGINS = [...TRANSFORMS, ...PREDICATES, ...CONVERTERS];

const isKnown = (name: string, definitions: readonly OptionDefinition[]): boolean =>
  definitions.some((definition) => definition.name === name) ||
  Object.keys(OPEN_OPTIONS).some((prefix) => name.startsWith(prefix)) ||
  RENAMED_OPTIONS[name] !== undefined;

describe('options of the real classes', () => {
  it.each(CONNECTORS)('each one of %s is honoured or refused by name', (_name, definitions, classes) => {
    const options = Object.entries(real)
      .filter(([name]) => classes.some((pattern) => pattern.test(name)))
      .flatMap(([, names]) => names);
    expect(options.length).toBeGreaterThan(50);
    expect(options.filter((name) => !isKnown(name, definitions))).toEqual([]);
  });

  it.each(PLUGINS.filter(({ className }) => real[className] !== undefined).map((plugin) => [plugin.className, plugin]))(
    'each one of %s is honoured or refused by name',
    (className, plugin) => {
      const known = ['converter.type', ...plugin.options.map(({ name }) => name)];
      expect((real[className] ?? []).filter((name) => !known.includes(name))).toEqual([]);
    },
  );

  it('every class that takes options is known, refused by name, or of no use in a connector', () => {
    const known = new Set([...PLUGINS.map(({ className }) => className), ...ABSENT_TRANSFORMS.keys()]);
    const left = Object.keys(real).filter(
      (name) =>
        !known.has(name) &&
        ![...CONNECTORS.flatMap(([, , classes]) => classes), ...ELSEWHERE].some((pattern) => pattern.test(name)),
    );
    expect(left).toEqual([]);
  });

  it.each(CONNECTORS)('of %s, no value without effect is taken in silence', (_name, definitions) => {
    const silent = definitions.filter((definition) => {
      const given = definition.type === 'BOOLEAN' ? String(definition.default !== 'true') : '4711';
      const config = { [definition.name]: given };
      if (definition.state === 'limited' && definition.oneOf === undefined)
        return problemsOf(definition, config).length === 0;
      return definition.state === 'unused' && withoutEffect(config, definitions).length === 0;
    });
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it('an option of a client or a driver that has no effect is told by name', () => {
    expect(
      withoutEffect(
        { 'producer.override.linger.ms': '5', 'producer.override.compression.type': 'lz4', 'driver.loginTimeout': '3' },
        [],
      ),
    ).toEqual([
      'option producer.override.linger.ms has no effect in the embedded Connect',
      'option driver.loginTimeout has no effect in the embedded Connect',
    ]);
  });
});
