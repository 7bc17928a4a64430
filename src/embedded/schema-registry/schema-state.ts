import { besideSubject, contextOf, DEFAULT_CONTEXT } from './context.js';
import type { Mode } from './levels.js';
import type { SchemaExtras, SchemaReference, StoredSchema, SubjectConfig } from './schemas-topic.js';

/** Ids are given once in each context. */
class Ids {
  /** The highest that was ever seen. */
  max = 0;
  readonly users = new Map<number, StoredSchema[]>();
  readonly byIdentity = new Map<string, number>();
}

/** What the registry knows: the fold of the records of `_schemas`. Questions are answered from here alone. */
export class SchemaState {
  private readonly subjects = new Map<string, Map<number, StoredSchema>>();
  private readonly contexts = new Map<string, Ids>([[DEFAULT_CONTEXT, new Ids()]]);
  private readonly configs = new Map<string | null, SubjectConfig>();
  private readonly modes = new Map<string | null, Mode>();

  clear(): void {
    for (const map of [this.subjects, this.contexts, this.configs, this.modes]) map.clear();
    this.addContext(DEFAULT_CONTEXT);
  }

  addContext(context: string): Ids {
    const ids = this.contexts.get(context) ?? new Ids();
    this.contexts.set(context, ids);
    return ids;
  }

  /** In order of their names. */
  contextNames(): readonly string[] {
    return [...this.contexts.keys()].sort();
  }

  maxId(context: string): number {
    return this.contexts.get(context)?.max ?? 0;
  }

  putVersion(stored: StoredSchema): void {
    this.removeVersion(stored.subject, stored.version);
    const versions = this.subjects.get(stored.subject) ?? new Map<number, StoredSchema>();
    this.subjects.set(stored.subject, versions);
    versions.set(stored.version, stored);
    const ids = this.addContext(contextOf(stored.subject));
    ids.users.set(stored.id, [...(ids.users.get(stored.id) ?? []), stored]);
    const identity = identityOf(stored, stored);
    if (!ids.byIdentity.has(identity)) ids.byIdentity.set(identity, stored.id);
    ids.max = Math.max(ids.max, stored.id);
  }

  removeVersion(subject: string, version: number): void {
    const versions = this.subjects.get(subject);
    const stored = versions?.get(version);
    if (versions === undefined || stored === undefined) return;
    versions.delete(version);
    if (versions.size === 0) this.subjects.delete(subject);
    const ids = this.addContext(contextOf(subject));
    const users = (ids.users.get(stored.id) ?? []).filter((user) => user !== stored);
    if (users.length > 0) ids.users.set(stored.id, users);
    else {
      ids.users.delete(stored.id);
      const identity = identityOf(stored, stored);
      if (ids.byIdentity.get(identity) === stored.id) ids.byIdentity.delete(identity);
    }
  }

  markDeleted(subject: string, upTo: number): void {
    for (const stored of this.versions(subject, true)) {
      if (stored.version <= upTo && !stored.deleted) this.putVersion({ ...stored, deleted: true });
    }
  }

  clearSubject(subject: string): void {
    for (const stored of this.versions(subject, true)) {
      if (stored.deleted) this.removeVersion(subject, stored.version);
    }
  }

  setConfig(subject: string | null, config: SubjectConfig | undefined): void {
    if (config === undefined) this.configs.delete(subject);
    else this.configs.set(subject, config);
  }

  setMode(subject: string | null, mode: Mode | undefined): void {
    if (mode === undefined) this.modes.delete(subject);
    else this.modes.set(subject, mode);
  }

  /** In order of their names. */
  subjectNames(): readonly string[] {
    return [...this.subjects.keys()].sort();
  }

  /** In order of their numbers; the deleted ones only where asked for. */
  versions(subject: string, withDeleted: boolean): readonly StoredSchema[] {
    return [...(this.subjects.get(subject)?.values() ?? [])]
      .filter(({ deleted }) => withDeleted || !deleted)
      .sort((a, b) => a.version - b.version);
  }

  /** All subjects of a context and their versions that carry this id. */
  usersOf(context: string, id: number): readonly StoredSchema[] {
    return this.contexts.get(context)?.users.get(id) ?? [];
  }

  /** One version of each id. */
  schemasIn(context: string): readonly StoredSchema[] {
    return [...(this.contexts.get(context)?.users.values() ?? [])].flatMap((users) => users.slice(0, 1));
  }

  idOf(context: string, schema: SchemaText, extras: SchemaExtras): number | undefined {
    return this.contexts.get(context)?.byIdentity.get(identityOf(schema, extras));
  }

  config(subject: string | null): SubjectConfig | undefined {
    return this.configs.get(subject);
  }

  mode(subject: string | null): Mode | undefined {
    return this.modes.get(subject);
  }

  /** The ids of the schemas that refer to this version. */
  referrers(subject: string, version: number): readonly number[] {
    const ids = new Set<number>();
    for (const [from, versions] of this.subjects) {
      const refersTo = (reference: SchemaReference): boolean =>
        reference.version === version && besideSubject(from, reference.subject) === subject;
      for (const { id, references } of versions.values()) if (references.some(refersTo)) ids.add(id);
    }
    return [...ids].sort((a, b) => a - b);
  }
}

/** What makes a schema the same as another one, besides what it carries. */
export type SchemaText = Pick<StoredSchema, 'schemaType' | 'schema' | 'references'>;

export function identityOf(
  { schemaType, schema, references }: SchemaText,
  { metadata, ruleSet }: SchemaExtras = {},
): string {
  const places = references.map(({ name, subject, version }) => [name, subject, version]);
  return JSON.stringify([schemaType, schema, places, metadata, ruleSet]);
}
