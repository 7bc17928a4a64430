import { AvroInput } from '../../../protocol/avro/input.js';
import { AvroOutput } from '../../../protocol/avro/output.js';
import { type AvroSchema, parseAvroSchema } from '../../../protocol/avro/schema.js';
import type { Column } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { Registry } from '../upstream/registry.js';
import type { Value } from '../values/value.js';
import { reader, recordReader, recordWriter, writer } from './avro-codec.js';
import { avroSchemaOf, nonNull, sqlTypeOf } from './avro-schema.js';
import type { Format, Serde, SerdeOptions, SerdeRole } from './format.js';

/** Zero, then the schema's id in four bytes. */
const FRAME_BYTES = 5;

function registryOf(registry: Registry | undefined): Registry {
  if (registry === undefined) {
    throw new StatementError('KSQL is not configured to use a schema registry: AVRO needs one', 42801);
  }
  return registry;
}

const subjectOf = ({ topic, role }: { topic: string; role: SerdeRole }): string => `${topic}-${role}`;

async function register(options: SerdeOptions): Promise<number> {
  const registry = registryOf(options.registry);
  const schema = avroSchemaOf(options.columns, options.wrapped, options.schemaFullName);
  return registry.register(subjectOf(options), schema, 'AVRO');
}

/** Avro with Confluent's framing; the schema of what is written is registered, what is read is asked for by id. */
export const AVRO: Format = {
  name: 'AVRO',
  inference: true,
  wrapping: 'choice',
  check() {},

  async prepare(options) {
    if (options.schemaId === undefined) await register(options);
  },

  async serde(options) {
    const registry = registryOf(options.registry);
    return new AvroSerde(options, registry);
  },

  async infer(registry, topic, role, schemaId) {
    const found =
      schemaId === undefined ? await registry.latest(`${topic}-${role}`) : await registry.schemaById(schemaId);
    if (found === undefined) return undefined;
    if (found.type !== 'AVRO') {
      throw new StatementError(`The ${role} schema of topic ${topic} is ${found.type}, not AVRO`);
    }
    const type = sqlTypeOf(parseAvroSchema(found.schema), schemaId !== undefined);
    if (type === undefined) {
      throw new StatementError(
        `Unable to verify if the ${role} schema for topic: ${topic} is compatible with ksqlDB.\nReason: unsupported schema\nSchema:${found.schema}`,
      );
    }
    const columns: readonly Column[] =
      type.kind === 'STRUCT' && role === 'value' ? type.fields : [{ name: role === 'key' ? 'ROWKEY' : 'ROWVAL', type }];
    return { columns, schemaId: found.id };
  },
};

class AvroSerde implements Serde {
  private readonly readers = new Map<number, (input: AvroInput) => readonly Value[] | null>();
  private readonly output = new AvroOutput();
  private write: ((values: readonly Value[], output: AvroOutput) => void) | undefined;
  private writeId = 0;
  private opening: Promise<void> | undefined;

  constructor(
    private readonly options: SerdeOptions,
    private readonly registry: Registry,
  ) {}

  /** Registers (or reads) the schema to write with; has to be done before the first `encode`. */
  async open(): Promise<void> {
    this.opening ??= this.openOnce();
    await this.opening;
  }

  private async openOnce(): Promise<void> {
    const { options } = this;
    this.writeId = options.schemaId ?? (await register(options));
    const { schema } = await this.registry.schemaById(this.writeId);
    const parsed = parseAvroSchema(schema);
    const [single] = options.columns;
    if (!options.wrapped && single !== undefined) {
      const write = writer(parsed, single.type);
      this.write = ([value], output) => write(value ?? null, output);
      return;
    }
    const record = nonNull(parsed);
    if (record?.type !== 'record') throw new StatementError(`schema ${this.writeId} is not a record`);
    const write = recordWriter(record, options.columns);
    const branch = parsed.type === 'union' ? parsed.branches.indexOf(record) : undefined;
    this.write = (values, output) => {
      if (branch !== undefined) output.long(branch);
      write(values, output);
    };
  }

  unready(bytes: Buffer): Promise<void> | undefined {
    if (bytes.length < FRAME_BYTES || bytes[0] !== 0) return undefined;
    const id = bytes.readUInt32BE(1);
    return this.readers.has(id) ? undefined : this.fetchReader(id);
  }

  private async fetchReader(id: number): Promise<void> {
    const { schema, type } = await this.registry.schemaById(id);
    if (type !== 'AVRO') throw new TypeError(`schema ${id} is ${type}, not AVRO`);
    this.readers.set(id, this.compileReader(parseAvroSchema(schema)));
  }

  private compileReader(schema: AvroSchema): (input: AvroInput) => readonly Value[] | null {
    const { columns, wrapped } = this.options;
    const [single] = columns;
    if (!wrapped && single !== undefined) {
      const read = reader(schema, single.type);
      return (input) => [read(input)];
    }
    if (schema.type === 'union') {
      const branches = schema.branches.map((branch) =>
        branch.type === 'record' ? recordReader(branch, columns) : () => null,
      );
      return (input) => branches[input.int()]?.(input) ?? null;
    }
    if (schema.type !== 'record') throw new TypeError(`an Avro record is expected, not ${schema.type}`);
    return recordReader(schema, columns);
  }

  decode(bytes: Buffer): readonly Value[] | null {
    if (bytes.length < FRAME_BYTES || bytes[0] !== 0)
      throw new TypeError('the bytes are not framed: Unknown magic byte!');
    const read = this.readers.get(bytes.readUInt32BE(1));
    if (read === undefined) throw new Error('the schema has not been fetched');
    return read(new AvroInput(bytes, FRAME_BYTES));
  }

  encode(values: readonly Value[]): Buffer | null {
    if (this.write === undefined) throw new Error('the schema to write with has not been fetched');
    if (!this.options.wrapped && (values[0] ?? null) === null) return null;
    this.output.reset();
    this.output.byte(0);
    this.output.uint32BE(this.writeId);
    this.write(values, this.output);
    return this.output.finish();
  }
}
