import { avroIncompatibilities, type Incompatibility } from '../../../protocol/avro/compatibility.js';
import { type AvroNames, parseAvroSchema } from '../../../protocol/avro/parse-schema.js';
import { printAvroSchema, printNormalizedAvroSchema } from '../../../protocol/avro/print.js';
import { type AvroSchema, AvroSchemaError } from '../../../protocol/avro/schema.js';
import { type Sides, schemaType } from './schema-type.js';

export const AVRO = schemaType<AvroSchema>({
  parse({ schema: text, referenced }, normalize) {
    const names: AvroNames = new Map();
    try {
      for (const each of referenced) parseAvroSchema(each.schema, names);
      const known = [...names.keys()];
      const schema = parseAvroSchema(text, names);
      const canonical = normalize ? printNormalizedAvroSchema(schema, known) : printAvroSchema(schema, known);
      return { schema, canonical };
    } catch (failure) {
      if (!(failure instanceof AvroSchemaError) || failure.path === '') throw failure;
      throw new AvroSchemaError(`${failure.message} (at ${failure.path})`, failure.path);
    }
  },

  incompatibilities: (reader, writer, sides) =>
    avroIncompatibilities(reader, writer).map((each) => describe(each, sides)),
});

const describe = (incompatibility: Incompatibility, sides: Sides): string =>
  `{errorType:'${incompatibility.type}', description:'${sentence(incompatibility, sides)}', additionalInfo:'${incompatibility.message}'}`;

function sentence({ type, path, message }: Incompatibility, { reader, writer }: Sides): string {
  switch (type) {
    case 'FIXED_SIZE_MISMATCH':
      return `The size of FIXED type field at path '${path}' in the ${reader} schema does not match with the ${writer} schema`;
    case 'TYPE_MISMATCH':
      return `The type (path '${path}') of a field in the ${reader} schema does not match with the ${writer} schema`;
    case 'NAME_MISMATCH':
      return `The name of the schema has changed (path '${path}')`;
    case 'MISSING_ENUM_SYMBOLS':
      return `The ${reader} schema is missing enum symbols '${message}' at path '${path}' in the ${writer} schema`;
    case 'MISSING_UNION_BRANCH':
      return `The ${reader} schema is missing a type inside a union field at path '${path}' in the ${writer} schema`;
    case 'READER_FIELD_MISSING_DEFAULT_VALUE':
      return `The field '${message}' at path '${path}' in the ${reader} schema has no default value and is missing in the ${writer} schema`;
  }
}
