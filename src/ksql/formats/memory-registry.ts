import { StatementError } from '../statement-error.js';
import type { RegisteredSchema, Registry } from './registry.js';

/** Subjects in memory. It checks no compatibility: that is the real registry's part. */
export class MemoryRegistry implements Registry {
  private readonly subjects = new Map<string, RegisteredSchema>();
  private readonly byId: RegisteredSchema[] = [];

  /** What is there before anything is registered. */
  declare(subject: string, schema: string, type: string, references: ReadonlyMap<string, string>): void {
    const declared = { id: this.byId.length + 1, schema, type, references };
    this.byId.push(declared);
    this.subjects.set(subject, declared);
  }

  async latest(subject: string): Promise<RegisteredSchema | undefined> {
    return this.subjects.get(subject);
  }

  async register(subject: string, schema: string, type: string): Promise<number> {
    let found = this.byId.find((each) => each.schema === schema && each.type === type);
    if (found === undefined) {
      found = { id: this.byId.length + 1, schema, type, references: new Map() };
      this.byId.push(found);
    }
    this.subjects.set(subject, found);
    return found.id;
  }

  async schemaById(id: number): Promise<RegisteredSchema> {
    const found = this.byId[id - 1];
    if (found === undefined) throw new StatementError(`Schema Registry failed to read schema ${id}: Schema not found`);
    return found;
  }

  async deleteSubject(subject: string): Promise<void> {
    this.subjects.delete(subject);
  }
}
