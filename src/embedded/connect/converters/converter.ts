import type { Header } from '../../../clients/kafka/contract.js';
import type { OptionDefinition } from '../../../protocol/connect/option.js';
import type { Options } from '../config/options.js';
import type { Schema, Value } from '../data/schema.js';

export interface SchemaAndValue {
  readonly schema: Schema | undefined;
  readonly value: Value;
}

/** Connect data to and from bytes. A promise only where something has to be asked (a schema registry, once a schema). */
export interface Converter {
  /** `headers`: of the record as they are written, for converters that read them. */
  fromConnect(
    topic: string,
    schema: Schema | undefined,
    value: Value,
    headers?: readonly Header[],
  ): Buffer | null | Promise<Buffer | null>;
  toConnect(topic: string, bytes: Buffer | null): SchemaAndValue | Promise<SchemaAndValue>;
}

export interface ConverterPlugin {
  readonly className: string;
  readonly meaning: string;
  readonly options: readonly OptionDefinition[];
  /** Beginnings of options that are those of another converter, below it. */
  readonly nested?: readonly string[];
  create(options: Options, isKey: boolean): Converter;
}
