import type { SchemaType } from '../../protocol/confluent/schema-type.js';
export interface RegisteredSchema {
  readonly id: number;
  readonly schema: string;
  readonly type: string;
  /** The texts of the schemas that it refers to, directly or not, by name; each after those it refers to itself. */
  readonly references: ReadonlyMap<string, string>;
}

/** The questions that ksqlDB asks a Schema Registry. Failures are StatementErrors in the registry's own words. */
export interface Registry {
  /** Undefined where the subject does not exist. */
  latest(subject: string): Promise<RegisteredSchema | undefined>;
  /** Registers it unless it is there already; answers its id either way. */
  register(subject: string, schema: string, type: SchemaType): Promise<number>;
  schemaById(id: number): Promise<RegisteredSchema>;
  deleteSubject(subject: string): Promise<void>;
}
