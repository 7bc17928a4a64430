import type { SchemaExtras, StoredSchema } from './schemas-topic.js';

export const LEVELS = {
  NONE: 'Any schema is accepted.',
  BACKWARD: 'A new schema reads what the latest one wrote: consumers go first.',
  BACKWARD_TRANSITIVE: 'As BACKWARD, with every earlier version.',
  FORWARD: 'The latest schema reads what a new one writes: producers go first.',
  FORWARD_TRANSITIVE: 'As FORWARD, with every earlier version.',
  FULL: 'BACKWARD and FORWARD.',
  FULL_TRANSITIVE: 'As FULL, with every earlier version.',
} as const;
export type CompatibilityLevel = keyof typeof LEVELS;

export const MODES = {
  READWRITE: 'Schemas are read and registered.',
  READONLY: 'Schemas are read; registering and deleting is refused.',
  READONLY_OVERRIDE: 'As READONLY; set for all subjects, it also overrules the modes of single ones.',
  IMPORT: 'Schemas are registered with the ids and versions that come with them.',
  FORWARD: 'Treated as READWRITE: no schema is forwarded anywhere.',
} as const;
export type Mode = keyof typeof MODES;

/** What the registry knows: the fold of the records of `_schemas`. Questions are answered from here alone. */
export class SchemaState {
  /** The highest id that was ever seen: ids are given once. */
  maxId = 0;
  private readonly subjects = new Map<string, Map<number, StoredSchema>>();
  private readonly users = new Map<number, StoredSchema[]>();
  private readonly ids = new Map<string, number>();
  private readonly levels = new Map<string | null, CompatibilityLevel>();
  private readonly modes = new Map<string | null, Mode>();

  clear(): void {
    this.maxId = 0;
    for (const map of [this.subjects, this.users, this.ids, this.levels, this.modes]) map.clear();
  }

  putVersion(stored: StoredSchema): void {
    this.removeVersion(stored.subject, stored.version);
    const versions = this.subjects.get(stored.subject) ?? new Map<number, StoredSchema>();
    this.subjects.set(stored.subject, versions);
    versions.set(stored.version, stored);
    this.users.set(stored.id, [...(this.users.get(stored.id) ?? []), stored]);
    const identity = identityOf(stored, stored);
    if (!this.ids.has(identity)) this.ids.set(identity, stored.id);
    this.maxId = Math.max(this.maxId, stored.id);
  }

  removeVersion(subject: string, version: number): void {
    const versions = this.subjects.get(subject);
    const stored = versions?.get(version);
    if (versions === undefined || stored === undefined) return;
    versions.delete(version);
    if (versions.size === 0) this.subjects.delete(subject);
    const users = (this.users.get(stored.id) ?? []).filter((user) => user !== stored);
    if (users.length > 0) this.users.set(stored.id, users);
    else {
      this.users.delete(stored.id);
      const identity = identityOf(stored, stored);
      if (this.ids.get(identity) === stored.id) this.ids.delete(identity);
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

  setLevel(subject: string | null, level: CompatibilityLevel | undefined): void {
    if (level === undefined) this.levels.delete(subject);
    else this.levels.set(subject, level);
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

  /** All subjects and versions that carry this id. */
  usersOf(id: number): readonly StoredSchema[] {
    return this.users.get(id) ?? [];
  }

  idOf(schema: SchemaText, extras: SchemaExtras): number | undefined {
    return this.ids.get(identityOf(schema, extras));
  }

  level(subject: string | null): CompatibilityLevel | undefined {
    return this.levels.get(subject);
  }

  mode(subject: string | null): Mode | undefined {
    return this.modes.get(subject);
  }

  /** The ids of the schemas that refer to this version. */
  referrers(subject: string, version: number): readonly number[] {
    const ids = new Set<number>();
    for (const versions of this.subjects.values()) {
      for (const { id, references } of versions.values()) {
        if (references.some((reference) => reference.subject === subject && reference.version === version)) ids.add(id);
      }
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
