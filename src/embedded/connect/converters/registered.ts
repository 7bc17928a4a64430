import type { ResolvedSchema, SerializerQuestions } from '../../../clients/schema-registry/questions.js';
import { framedId } from '../../../protocol/confluent/framing.js';
import type { SchemaType } from '../../../protocol/confluent/schema-type.js';
import { messageOf } from '../../../support/errors.js';
import type { Options } from '../config/options.js';
import { ConnectFailure, DATA_EXCEPTION, dataFailure } from '../data/failure.js';
import type { Schema, Value } from '../data/schema.js';
import type { Converter, SchemaAndValue } from './converter.js';
import { openRegistry } from './registry.js';

export type Write = (value: Value) => Buffer;
export type Read = (bytes: Buffer) => SchemaAndValue;

/** What differs between the formats; both directions are whole values, with their frame. */
export interface RegisteredFormat {
  readonly type: SchemaType;
  /** As messages name it. */
  readonly label: string;
  /** What failed, as the real converter says it. */
  readonly failedToWrite: (topic: string) => string;
  readonly failedToRead: (topic: string) => string;
  /** Whether null of this schema is written as no bytes at all. */
  isTombstone(schema: Schema): boolean;
  /** What the strategies that name subjects after records take; undefined: such a schema has no name. */
  recordName(schema: Schema): string | undefined;
  schemaText(schema: Schema): string;
  writer(schema: Schema, registered: ResolvedSchema): Write | Promise<Write>;
  reader(registered: ResolvedSchema): Read | Promise<Read>;
}

/** A zero byte, the id of a schema that is registered once, and the value in the format. */
export class RegisteredConverter implements Converter {
  private readonly writers = new Map<string, WeakMap<Schema, Write>>();
  private readonly readers = new Map<number, Read>();
  private readonly registry: SerializerQuestions;
  private readonly latest: boolean;
  private readonly register: boolean;
  private readonly strategy: string;

  constructor(
    private readonly format: RegisteredFormat,
    options: Options,
    private readonly isKey: boolean,
  ) {
    this.registry = openRegistry({
      urls: options.list('schema.registry.url'),
      userInfo:
        options.string('basic.auth.credentials.source') === 'USER_INFO'
          ? options.text('basic.auth.user.info')
          : undefined,
    });
    this.latest = options.boolean('use.latest.version');
    this.register = options.boolean('auto.register.schemas');
    const strategy = options.string(isKey ? 'key.subject.name.strategy' : 'value.subject.name.strategy');
    this.strategy = strategy.split('.').at(-1) ?? '';
  }

  fromConnect(topic: string, schema: Schema | undefined, value: Value): Buffer | null | Promise<Buffer | null> {
    const { format } = this;
    if (value === null && (schema === undefined || format.isTombstone(schema))) return null;
    if (schema === undefined) throw dataFailure(`${format.failedToWrite(topic)} data without a schema`);
    const known = this.writers.get(topic)?.get(schema);
    if (known !== undefined) return known(value);
    return this.prepare(topic, schema).then((write) => write(value));
  }

  toConnect(topic: string, bytes: Buffer | null): SchemaAndValue | Promise<SchemaAndValue> {
    if (bytes === null) return { schema: undefined, value: null };
    const id = framedId(bytes);
    if (id === undefined) throw dataFailure(`${this.format.failedToRead(topic)} Unknown magic byte!`);
    const known = this.readers.get(id);
    if (known !== undefined) return this.read(topic, known, bytes);
    return this.fetch(topic, id).then((read) => this.read(topic, read, bytes));
  }

  private read(topic: string, read: Read, bytes: Buffer): SchemaAndValue {
    try {
      return read(bytes);
    } catch (failure) {
      throw this.unreadable(topic, failure);
    }
  }

  private unreadable(topic: string, failure: unknown): ConnectFailure {
    if (failure instanceof ConnectFailure) return failure;
    return dataFailure(`${this.format.failedToRead(topic)} ${messageOf(failure)}`);
  }

  private async fetch(topic: string, id: number): Promise<Read> {
    const registered = await this.registry.schemaById(id);
    const { label, type } = this.format;
    if (registered.type !== type)
      throw dataFailure(`${this.format.failedToRead(topic)} schema ${id} is ${registered.type}, not ${label}`);
    try {
      const read = await this.format.reader(registered);
      this.readers.set(id, read);
      return read;
    } catch (failure) {
      throw this.unreadable(topic, failure);
    }
  }

  private async prepare(topic: string, schema: Schema): Promise<Write> {
    const text = this.format.schemaText(schema);
    const subject = this.subject(topic, schema);
    let write: Write;
    try {
      write = await this.format.writer(schema, await this.registered(subject, text));
    } catch (cause) {
      throw this.registrationFailure(topic, text, cause);
    }
    let writers = this.writers.get(topic);
    if (writers === undefined) {
      writers = new WeakMap();
      this.writers.set(topic, writers);
    }
    writers.set(schema, write);
    return write;
  }

  private registrationFailure(topic: string, schema: string, cause: unknown): ConnectFailure {
    return new ConnectFailure(this.format.failedToWrite(topic), {
      className: DATA_EXCEPTION,
      cause: new ConnectFailure(`Error registering ${this.format.label} schema${schema}`, {
        className: 'org.apache.kafka.common.errors.InvalidConfigurationException',
        cause,
      }),
    });
  }

  private async registered(subject: string, text: string): Promise<ResolvedSchema> {
    if (this.latest) return this.registry.latest(subject);
    const { type } = this.format;
    const id = await (this.register
      ? this.registry.register(subject, text, type)
      : this.registry.lookUp(subject, text, type));
    return { id, type, schema: text, references: new Map() };
  }

  private subject(topic: string, schema: Schema): string {
    switch (this.strategy) {
      case 'RecordNameStrategy':
        return this.recordName(schema);
      case 'TopicRecordNameStrategy':
        return `${topic}-${this.recordName(schema)}`;
      default:
        return `${topic}-${this.isKey ? 'key' : 'value'}`;
    }
  }

  private recordName(schema: Schema): string {
    const name = this.format.recordName(schema);
    if (name !== undefined) return name;
    const [option, part] = this.isKey ? ['key.subject.name.strategy', 'key'] : ['value.subject.name.strategy', 'value'];
    throw dataFailure(
      `In configuration ${option} = ${this.strategy}, the message ${part} must have a schema with a name`,
    );
  }
}
