import { AvroOutput } from '../../../protocol/avro/output.js';
import { optional, required, unused } from '../../../protocol/connect/option.js';
import { ConnectFailure, DATA_EXCEPTION } from '../data/failure.js';
import type { Schema, Value } from '../data/schema.js';
import { AvroReader } from './avro-read.js';
import { avroSchemaText } from './avro-schema.js';
import { type AvroWrite, compileWrite } from './avro-write.js';
import type { Converter, ConverterPlugin, SchemaAndValue } from './converter.js';
import { RegistryClient, registrationFailure } from './registry.js';

const TOPIC_NAME_STRATEGY = 'io.confluent.kafka.serializers.subject.TopicNameStrategy';

export const avroConverter: ConverterPlugin = {
  className: 'io.confluent.connect.avro.AvroConverter',
  meaning:
    'A zero byte, the schema’s id (4 bytes), Avro binary. Subjects are `<topic>-key` and `<topic>-value`, or the record’s name by the subject name strategies. Not there: enhanced.avro.schema.support, reference subject names.',
  options: [
    { ...required('LIST', 'schema.registry.url', 'Comma-separated list of URLs of schema registries.') },
    optional('BOOLEAN', 'auto.register.schemas', 'true', 'Whether schemas that are not known yet are registered.'),
    optional('BOOLEAN', 'use.latest.version', 'false', 'Whether the latest schema of the subject is written with.'),
    optional('BOOLEAN', 'connect.meta.data', 'true', 'Whether Connect’s own properties go into the Avro schema.'),
    optional('STRING', 'key.subject.name.strategy', TOPIC_NAME_STRATEGY, 'How the subject of a key is named.'),
    optional('STRING', 'value.subject.name.strategy', TOPIC_NAME_STRATEGY, 'How the subject of a value is named.'),
    optional('STRING', 'basic.auth.credentials.source', 'URL', 'URL or USER_INFO.'),
    optional('PASSWORD', 'basic.auth.user.info', null, 'user:password, with USER_INFO.'),
    unused(optional('INT', 'schemas.cache.config', '1000', 'all schemas are kept.')),
  ],
  create(options, isKey) {
    const registry = new RegistryClient({
      urls: options.list('schema.registry.url'),
      userInfo:
        options.string('basic.auth.credentials.source') === 'USER_INFO'
          ? options.text('basic.auth.user.info')
          : undefined,
    });
    return new AvroConverter(registry, isKey, {
      register: options.boolean('auto.register.schemas') && !options.boolean('use.latest.version'),
      latest: options.boolean('use.latest.version'),
      metaData: options.boolean('connect.meta.data'),
      strategy:
        options
          .string(isKey ? 'key.subject.name.strategy' : 'value.subject.name.strategy')
          .split('.')
          .at(-1) ?? '',
    });
  },
};

interface AvroSettings {
  readonly register: boolean;
  readonly latest: boolean;
  readonly metaData: boolean;
  readonly strategy: string;
}

interface Prepared {
  readonly id: number;
  readonly write: AvroWrite;
}

class AvroConverter implements Converter {
  private readonly prepared = new Map<string, WeakMap<Schema, Prepared>>();
  private readonly output = new AvroOutput();
  private readonly reader: AvroReader;

  constructor(
    private readonly registry: RegistryClient,
    private readonly isKey: boolean,
    private readonly settings: AvroSettings,
  ) {
    this.reader = new AvroReader(registry);
  }

  fromConnect(topic: string, schema: Schema | undefined, value: Value): Buffer | null | Promise<Buffer | null> {
    if (value === null && (schema === undefined || schema.optional)) return null;
    if (schema === undefined)
      throw new ConnectFailure(`Failed to serialize Avro data from topic ${topic} : data without a schema`, {
        className: DATA_EXCEPTION,
      });
    const known = this.prepared.get(topic)?.get(schema);
    if (known !== undefined) return this.encode(known, value);
    return this.prepare(topic, schema).then((prepared) => this.encode(prepared, value));
  }

  toConnect(topic: string, bytes: Buffer | null): SchemaAndValue | Promise<SchemaAndValue> {
    return this.reader.read(topic, bytes);
  }

  private encode({ id, write }: Prepared, value: Value): Buffer {
    const { output } = this;
    output.reset();
    output.byte(0);
    output.uint32BE(id);
    write(value, output);
    return output.finish();
  }

  private async prepare(topic: string, schema: Schema): Promise<Prepared> {
    const text = avroSchemaText(schema, { metaData: this.settings.metaData });
    const subject = this.subject(topic, schema);
    let prepared: Prepared;
    try {
      prepared = { id: await this.idOf(subject, text), write: compileWrite(schema) };
    } catch (cause) {
      throw registrationFailure(topic, text, cause);
    }
    let schemas = this.prepared.get(topic);
    if (schemas === undefined) {
      schemas = new WeakMap();
      this.prepared.set(topic, schemas);
    }
    schemas.set(schema, prepared);
    return prepared;
  }

  private async idOf(subject: string, text: string): Promise<number> {
    if (this.settings.latest) return (await this.registry.latest(subject)).id;
    return this.settings.register ? this.registry.register(subject, text) : this.registry.lookup(subject, text);
  }

  private subject(topic: string, schema: Schema): string {
    switch (this.settings.strategy) {
      case 'RecordNameStrategy':
        return schema.name ?? 'io.confluent.connect.avro.ConnectDefault';
      case 'TopicRecordNameStrategy':
        return `${topic}-${schema.name ?? 'io.confluent.connect.avro.ConnectDefault'}`;
      default:
        return `${topic}-${this.isKey ? 'key' : 'value'}`;
    }
  }
}
