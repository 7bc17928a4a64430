import type { RowSchema } from '../../../ksql/metadata/schema.js';
import type { SqlType } from '../../../protocol/ksql/types.js';

/** A type as the REST API describes it. */
export interface SchemaInfo {
  readonly type: string;
  readonly fields: readonly FieldInfo[] | null;
  readonly memberSchema: SchemaInfo | null;
  readonly parameters?: Readonly<Record<string, number>>;
}

export interface FieldInfo {
  readonly name: string;
  readonly schema: SchemaInfo;
  readonly type?: 'KEY' | 'HEADER';
  /** Of a column that one header fills. */
  readonly headerKey?: string;
}

export function schemaInfo(type: SqlType): SchemaInfo {
  switch (type.kind) {
    case 'STRUCT':
      return {
        type: 'STRUCT',
        fields: type.fields.map((field) => ({ name: field.name, schema: schemaInfo(field.type) })),
        memberSchema: null,
      };
    case 'ARRAY':
      return { type: 'ARRAY', fields: null, memberSchema: schemaInfo(type.element) };
    case 'MAP':
      return { type: 'MAP', fields: null, memberSchema: schemaInfo(type.value) };
    case 'DECIMAL':
      return {
        type: 'DECIMAL',
        fields: null,
        memberSchema: null,
        parameters: { precision: type.precision, scale: type.scale },
      };
    default:
      return { type: type.kind, fields: null, memberSchema: null };
  }
}

export const fieldInfos = (schema: RowSchema): FieldInfo[] => [
  ...schema.key.map(({ name, type }) => ({ name, schema: schemaInfo(type), type: 'KEY' as const })),
  ...schema.value.map(({ name, type }) => ({ name, schema: schemaInfo(type) })),
  ...schema.headers.map(({ name, type, header }) => ({
    name,
    schema: schemaInfo(type),
    type: 'HEADER' as const,
    ...(header !== undefined && { headerKey: header }),
  })),
];
