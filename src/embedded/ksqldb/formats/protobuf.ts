import { messageIndexes, splitMessageIndexes } from '../../../protocol/confluent/framing.js';
import { formatType, type SqlType } from '../../../protocol/ksql/types.js';
import { decodeMessage, encodeMessage } from '../../../protocol/protobuf/codec.js';
import {
  messageAt,
  messageNamed,
  type ProtobufMessage,
  parseProtobufSchema,
} from '../../../protocol/protobuf/schema.js';
import type { Column } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { Registry } from '../upstream/registry.js';
import type { Value } from '../values/value.js';
import type { Format, Serde, SerdeOptions } from './format.js';
import { messageReader, messageWriter } from './protobuf-codec.js';
import { protobufSchemaOf, sqlFieldsOf } from './protobuf-schema.js';
import { FRAME_BYTES, frame, framedId, register, registryOf, schemaToInfer, unsupportedSchema } from './registered.js';

function check(columns: readonly Column[]): void {
  for (const { name, type } of columns) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      throw new StatementError(
        `\`${name}\` can't be the name of a PROTOBUF field: use letters, digits and underscores`,
      );
    }
    checkNesting(name, type);
  }
}

/** What is repeated has no second dimension. */
function checkNesting(name: string, type: SqlType): void {
  if (type.kind === 'STRUCT') check(type.fields);
  if (type.kind === 'MAP') checkNesting(name, type.value);
  if (type.kind !== 'ARRAY') return;
  if (type.element.kind === 'ARRAY' || type.element.kind === 'MAP') {
    throw new StatementError(`PROTOBUF has no repeated ${type.element.kind}: \`${name}\` ${formatType(type)}`);
  }
  checkNesting(name, type.element);
}

const schemaText = ({ columns, schemaFullName, nullable }: SerdeOptions): string =>
  protobufSchemaOf(columns, schemaFullName, nullable);

const registerProtobuf = (options: SerdeOptions): Promise<number> =>
  register(options, 'PROTOBUF', 'PROTOBUF', schemaText(options));

/** Protobuf with Confluent's framing; the schema of what is written is registered, what is read is asked for by id. */
export const PROTOBUF: Format = {
  name: 'PROTOBUF',
  inference: true,
  wrapping: 'always',
  check,

  async prepare(options) {
    if (options.schemaId === undefined) await registerProtobuf(options);
  },

  async serde(options) {
    return new ProtobufSerde(options, registryOf(options.registry, 'PROTOBUF'));
  },

  async infer(registry, { topic, role, schemaId, schemaFullName }) {
    const found = await schemaToInfer(registry, topic, role, schemaId, 'PROTOBUF');
    if (found === undefined) return undefined;
    const message = chooseMessage(parseProtobufSchema(found.schema, found.references), schemaFullName);
    if (message === undefined) throw unsupportedSchema(topic, role, found.schema);
    const columns = sqlFieldsOf(message, schemaId !== undefined).map(({ name, type }) => ({ name, type }));
    return { columns, schemaId: found.id };
  },
};

/** Protobuf's bytes alone: the columns are the schema. */
export const PROTOBUF_NOSR: Format = {
  name: 'PROTOBUF_NOSR',
  inference: false,
  wrapping: 'always',
  check,

  async serde(options) {
    const [message] = parseProtobufSchema(schemaText(options));
    if (message === undefined) throw new Error('the schema has no message');
    const [read, write] = [messageReader(message, options.columns), messageWriter(message, options.columns)];
    return {
      decode: (bytes) => read(decodeMessage(message, bytes)),
      encode: (values) => encodeMessage(message, write(values)),
    };
  },
};

const chooseMessage = (
  messages: readonly ProtobufMessage[],
  fullName: string | undefined,
): ProtobufMessage | undefined => (fullName === undefined ? messages[0] : messageNamed(messages, fullName));

type ReadMessage = (bytes: Buffer) => Value[];

class ProtobufSerde implements Serde {
  private readonly schemas = new Map<number, readonly ProtobufMessage[]>();
  private readonly readers = new Map<ProtobufMessage, ReadMessage>();
  private write: ((values: readonly Value[]) => Buffer) | undefined;
  private opening: Promise<void> | undefined;

  constructor(
    private readonly options: SerdeOptions,
    private readonly registry: Registry,
  ) {}

  async open(): Promise<void> {
    this.opening ??= this.openOnce();
    await this.opening;
  }

  private async openOnce(): Promise<void> {
    const id = this.options.schemaId ?? (await registerProtobuf(this.options));
    const message = chooseMessage(await this.fetch(id), this.options.schemaFullName);
    if (message === undefined) throw new StatementError(`schema ${id} has no message to write`);
    const head = Buffer.concat([frame(id), messageIndexes(message.indexes)]);
    const write = messageWriter(message, this.options.columns);
    this.write = (values) => Buffer.concat([head, encodeMessage(message, write(values))]);
  }

  private async fetch(id: number): Promise<readonly ProtobufMessage[]> {
    const { schema, type, references } = await this.registry.schemaById(id);
    if (type !== 'PROTOBUF') throw new TypeError(`schema ${id} is ${type}, not PROTOBUF`);
    const messages = parseProtobufSchema(schema, references);
    this.schemas.set(id, messages);
    return messages;
  }

  unready(bytes: Buffer): Promise<void> | undefined {
    if (bytes.length < FRAME_BYTES || bytes[0] !== 0) return undefined;
    const id = framedId(bytes);
    return this.schemas.has(id) ? undefined : this.fetch(id).then(() => undefined);
  }

  decode(bytes: Buffer): readonly Value[] | null {
    const messages = this.schemas.get(framedId(bytes));
    if (messages === undefined) throw new Error('the schema has not been fetched');
    const { indexes, payload } = splitMessageIndexes(bytes.subarray(FRAME_BYTES));
    const message = messageAt(messages, indexes);
    if (message === undefined) throw new TypeError(`the schema has no message [${indexes.join(', ')}]`);
    return this.readerOf(message)(payload);
  }

  private readerOf(message: ProtobufMessage): ReadMessage {
    let read = this.readers.get(message);
    if (read === undefined) {
      const columns = messageReader(message, this.options.columns);
      read = (bytes) => columns(decodeMessage(message, bytes));
      this.readers.set(message, read);
    }
    return read;
  }

  encode(values: readonly Value[]): Buffer | null {
    if (this.write === undefined) throw new Error('the schema to write with has not been fetched');
    return this.write(values);
  }
}
