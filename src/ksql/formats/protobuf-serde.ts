import {
  FRAME_BYTES,
  framedId,
  frameHead,
  messageIndexes,
  splitMessageIndexes,
} from '../../protocol/confluent/framing.js';
import { decodeMessage, encodeMessage } from '../../protocol/protobuf/codec.js';
import { messageAt, messageNamed, type ProtobufMessage, parseProtobufSchema } from '../../protocol/protobuf/schema.js';
import { StatementError } from '../statement-error.js';
import type { Value } from '../values/value.js';
import type { InferenceOptions, InferredColumns, Serde, SerdeOptions } from './format.js';
import { objectWriter } from './json-writer.js';
import { messageReader, messageWriter } from './protobuf-codec.js';
import { protobufSchemaFor, registerProtobuf, sqlFieldsOf } from './protobuf-schema.js';
import { requireFramedId, schemaToInfer, unsupportedSchema } from './registered.js';
import type { RegisteredSchema, Registry } from './registry.js';

export async function inferColumns(
  registry: Registry,
  { topic, role, schemaId, schemaFullName }: InferenceOptions,
): Promise<InferredColumns | undefined> {
  const found = await schemaToInfer(registry, topic, role, schemaId, 'PROTOBUF');
  if (found === undefined) return undefined;
  const message = chooseMessage(parseProtobufSchema(found.schema, found.references), schemaFullName);
  if (message === undefined) throw unsupportedSchema(topic, role, found.schema);
  const columns = sqlFieldsOf(message, schemaId !== undefined).map(({ name, type }) => ({ name, type }));
  return { columns, schemaId: found.id };
}

/** Without framing and registry. */
export function bareSerde(options: SerdeOptions): Serde {
  const [message] = parseProtobufSchema(protobufSchemaFor(options));
  if (message === undefined) throw new Error('the schema has no message');
  const [read, write] = [messageReader(message, options.columns), messageWriter(message, options.columns)];
  return {
    decode: (bytes) => read(decodeMessage(message, bytes)),
    encode: (values) => encodeMessage(message, write(values)),
  };
}

const chooseMessage = (
  messages: readonly ProtobufMessage[],
  fullName: string | undefined,
): ProtobufMessage | undefined => (fullName === undefined ? messages[0] : messageNamed(messages, fullName));

/** Shows framed messages of a schema as JSON, whichever of its messages they are. */
export function messagePrinter(
  schema: string,
  references: RegisteredSchema['references'],
): (payload: Buffer) => string {
  const messages = parseProtobufSchema(schema, references);
  return (framed) => {
    const { indexes, payload } = splitMessageIndexes(framed);
    const message = messageAt(messages, indexes);
    if (message === undefined) throw new TypeError(`the schema has no message [${indexes.join(', ')}]`);
    const columns = sqlFieldsOf(message, true);
    return objectWriter(columns, 'text')(messageReader(message, columns)(decodeMessage(message, payload)));
  };
}

type ReadMessage = (bytes: Buffer) => Value[];

export class ProtobufSerde implements Serde {
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
    const id = await registerProtobuf(this.options);
    const message = chooseMessage(await this.fetch(id), this.options.schemaFullName);
    if (message === undefined) throw new StatementError(`schema ${id} has no message to write`);
    const head = Buffer.concat([frameHead(id), messageIndexes(message.indexes)]);
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
    const id = framedId(bytes);
    return id === undefined || this.schemas.has(id) ? undefined : this.fetch(id).then(() => undefined);
  }

  decode(bytes: Buffer): Value[] | null {
    const messages = this.schemas.get(requireFramedId(bytes));
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
