import { AvroInput } from '../../protocol/avro/input.js';
import { AvroOutput } from '../../protocol/avro/output.js';
import { parseAvroWithReferences } from '../../protocol/avro/parse-schema.js';
import type { AvroSchema } from '../../protocol/avro/schema.js';
import { FRAME_BYTES, framedId } from '../../protocol/confluent/framing.js';
import { StatementError } from '../statement-error.js';
import type { Value } from '../values/value.js';
import { branchReader, reader, recordReader, recordWriter, writer } from './avro-codec.js';
import { avroSchemaOf, checkAvroNames, isStructOfUnion, keySchemaName, nonNull, sqlTypeOf } from './avro-schema.js';
import type { Format, Serde, SerdeOptions } from './format.js';
import {
  columnsOfType,
  register,
  registryOf,
  requireFramedId,
  schemaToInfer,
  unsupportedSchema,
} from './registered.js';
import type { RegisteredSchema, Registry } from './registry.js';

const registerAvro = (options: SerdeOptions): Promise<number> =>
  register(options, 'AVRO', 'AVRO', () => avroSchemaOf(options.columns, options.wrapped, options.schemaFullName));

const parseRegistered = ({ schema, references }: RegisteredSchema): AvroSchema =>
  parseAvroWithReferences(schema, references.values());

export const AVRO: Format = {
  name: 'AVRO',
  meaning:
    'Avro with Confluent’s framing; the schema of what is written is registered, what is read is asked for by id.',
  inference: true,
  wrapping: 'choice',
  check: checkAvroNames,
  keySchemaName,
  prepare: registerAvro,

  async serde(options) {
    const registry = registryOf(options.registry, 'AVRO');
    return new AvroSerde(options, registry);
  },

  async infer(registry, options) {
    const { topic, role, schemaId } = options;
    const found = await schemaToInfer(registry, topic, role, schemaId, 'AVRO');
    if (found === undefined) return undefined;
    const type = sqlTypeOf(parseRegistered(found), schemaId !== undefined);
    if (type === undefined) throw unsupportedSchema(topic, role, found.schema);
    return { columns: columnsOfType(type, options), schemaId: found.id };
  },
};

class AvroSerde implements Serde {
  private readonly readers = new Map<number, (input: AvroInput) => Value[] | null>();
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
    this.writeId = await registerAvro(options);
    const parsed = parseRegistered(await this.registry.schemaById(this.writeId));
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
    const id = framedId(bytes);
    return id === undefined || this.readers.has(id) ? undefined : this.fetchReader(id);
  }

  private async fetchReader(id: number): Promise<void> {
    const found = await this.registry.schemaById(id);
    if (found.type !== 'AVRO') throw new TypeError(`schema ${id} is ${found.type}, not AVRO`);
    this.readers.set(id, this.compileReader(parseRegistered(found)));
  }

  private compileReader(schema: AvroSchema): (input: AvroInput) => Value[] | null {
    const { columns, wrapped } = this.options;
    const [single] = columns;
    if (!wrapped && single !== undefined) {
      const read = reader(schema, single.type);
      return (input) => [read(input)];
    }
    if (schema.type === 'union') {
      if (isStructOfUnion(schema)) return branchReader(schema, columns);
      const branches = schema.branches.map((branch) =>
        branch.type === 'record' ? recordReader(branch, columns) : () => null,
      );
      return (input) => branches[input.int()]?.(input) ?? null;
    }
    if (schema.type !== 'record') throw new TypeError(`an Avro record is expected, not ${schema.type}`);
    return recordReader(schema, columns);
  }

  decode(bytes: Buffer): Value[] | null {
    const read = this.readers.get(requireFramedId(bytes));
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
