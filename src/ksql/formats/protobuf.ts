import { formatType, type SqlType } from '../../protocol/ksql/types.js';
import type { Column } from '../metadata/schema.js';
import { StatementError } from '../statement-error.js';
import type { Format } from './format.js';
import { registerProtobuf } from './protobuf-schema.js';
import { registryOf } from './registered.js';

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

/** The protobuf library takes some 40 ms to load: only a server that meets the format loads it. */
const serdes = () => import('./protobuf-serde.js');

export const PROTOBUF: Format = {
  name: 'PROTOBUF',
  meaning:
    'Protobuf with Confluent’s framing; the schema of what is written is registered, what is read is asked for by id.',
  inference: true,
  wrapping: 'always',
  check,
  prepare: registerProtobuf,

  async serde(options) {
    const { ProtobufSerde } = await serdes();
    return new ProtobufSerde(options, registryOf(options.registry, 'PROTOBUF'));
  },

  async infer(registry, options) {
    const { inferColumns } = await serdes();
    return inferColumns(registry, options);
  },
};

export const PROTOBUF_NOSR: Format = {
  name: 'PROTOBUF_NOSR',
  meaning: 'Protobuf’s bytes alone: the columns are the schema.',
  inference: false,
  wrapping: 'always',
  check,

  async serde(options) {
    const { bareSerde } = await serdes();
    return bareSerde(options);
  },
};
