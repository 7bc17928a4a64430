import { isDeepStrictEqual } from 'node:util';
import { besideSubject, contextOf, DEFAULT_CONTEXT, hasPrefix, placeOf } from './context.js';
import { metadataProperty, withConfigured } from './extras.js';
import { MODES, type Mode } from './levels.js';
import { hasSameForm, incompatibilities, type ParsedSchema, parseSchema, serializedSchema } from './parsed-schema.js';
import {
  invalidMode,
  invalidSchema,
  invalidVersion,
  notPermitted,
  RegistryError,
  referenceExists,
  schemaNotFound,
  subjectNotFound,
  subjectNotSoftDeleted,
  subjectSoftDeleted,
  versionNotFound,
  versionNotSoftDeleted,
  versionSoftDeleted,
} from './registry-error.js';
import { identityOf, type SchemaState } from './schema-state.js';
import type { SchemasLog } from './schemas-log.js';
import {
  configRecord,
  contextRecord,
  deleteSubjectRecord,
  deleteSubjectTombstone,
  modeRecord,
  SCHEMA_TYPES,
  type SchemaExtras,
  type SchemaReference,
  type StoredSchema,
  type SubjectConfig,
  schemaRecord,
  schemaTombstone,
} from './schemas-topic.js';
import { DEFAULT_LEVEL, Settings } from './settings.js';

const VERSION_MAX = 2 ** 31 - 1;

/** A schema as clients send it. */
export interface GivenSchema extends SchemaExtras {
  readonly schema: string;
  readonly schemaType: string;
  readonly references: readonly SchemaReference[];
  /** Only in mode IMPORT. */
  readonly id: number | undefined;
  readonly version: number | undefined;
}

/** The registry's rules. Changes are made one after the other; each is decided on all that was written before. */
export class Registry {
  readonly settings: Settings;
  private changing: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly state: SchemaState,
    private readonly log: SchemasLog,
  ) {
    this.settings = new Settings(state);
  }

  contexts(): readonly string[] {
    return this.state.contextNames();
  }

  subjects({ deleted = false, deletedOnly = false, prefix = ':*:' } = {}): readonly string[] {
    return this.state.subjectNames().filter((subject) => {
      const live = this.state.versions(subject, false).length > 0;
      return hasPrefix(subject, prefix) && (deletedOnly ? !live : deleted || live);
    });
  }

  schemas({ deleted = false, latestOnly = false, prefix = ':*:' } = {}): readonly StoredSchema[] {
    return this.subjects({ deleted, prefix }).flatMap((subject) => {
      const versions = this.state.versions(subject, deleted);
      return latestOnly ? versions.slice(-1) : versions;
    });
  }

  versions(subject: string, { deleted = false, deletedOnly = false } = {}): readonly number[] {
    const versions = this.state
      .versions(subject, deleted || deletedOnly)
      .filter((each) => !deletedOnly || each.deleted);
    if (versions.length === 0) throw subjectNotFound(subject);
    return versions.map(({ version }) => version);
  }

  version(subject: string, text: string, deleted = false): StoredSchema {
    const wanted = parseVersion(text);
    const versions = this.state.versions(subject, deleted);
    if (versions.length === 0) throw subjectNotFound(subject);
    const found = wanted === 'latest' ? versions.at(-1) : versions.find(({ version }) => version === wanted);
    if (found === undefined) throw versionNotFound(Number(wanted));
    return found;
  }

  /** The newest version whose metadata has all these properties. */
  withMetadata(subject: string, properties: ReadonlyMap<string, string>, deleted = false): StoredSchema {
    const versions = this.state.versions(subject, deleted);
    if (versions.length === 0) throw subjectNotFound(subject);
    const found = versions.findLast((version) =>
      [...properties].every(([name, value]) => metadataProperty(version, name) === value),
    );
    if (found === undefined) throw schemaNotFound();
    return found;
  }

  byId(id: number, subject = ''): StoredSchema {
    const [user] = this.usersOf(id, subject);
    if (user === undefined) throw schemaNotFound(id);
    return user;
  }

  /** In the form that a client asks for by `format`; refused is what would differ from the text and isn't known. */
  inFormat(stored: StoredSchema, format: string): StoredSchema {
    const { schemaType, references } = stored;
    if (schemaType === 'PROTOBUF' && format === 'serialized')
      return { ...stored, schema: serializedSchema(this.state, stored) };
    const differs =
      schemaType === 'PROTOBUF'
        ? format !== ''
        : schemaType === 'AVRO' && format === 'resolved' && references.length > 0;
    if (differs) throw new RegistryError(42201, `format=${format} is not supported by this registry: ask without it`);
    return stored;
  }

  users(id: number, { subject = '', deleted = false } = {}): readonly StoredSchema[] {
    const users = this.usersOf(id, subject);
    if (users.length === 0) throw schemaNotFound(id);
    return users.filter((user) => deleted || !user.deleted);
  }

  /** The highest id of the subject's context. */
  maxId(subject = ''): number {
    return this.state.maxId(contextOf(subject));
  }

  /** Of the subject's context; where that is the default one and has none, of any context that has it for this subject. */
  private usersOf(id: number, subject: string): readonly StoredSchema[] {
    const { context, name } = placeOf(subject);
    const users = this.state.usersOf(context, id);
    if (users.length > 0 || context !== DEFAULT_CONTEXT || name === '') return users;
    const elsewhere = this.state.contextNames().flatMap((other) => this.state.usersOf(other, id));
    return elsewhere.filter((user) => placeOf(user.subject).name === name);
  }

  referrers(subject: string, text: string): readonly number[] {
    return this.state.referrers(subject, this.version(subject, text, true).version);
  }

  lookUp(subject: string, given: GivenSchema, { normalize = false, deleted = false } = {}): StoredSchema {
    const versions = this.state.versions(subject, deleted);
    if (versions.length === 0) throw subjectNotFound(subject);
    const found = this.same(versions, this.parse(subject, given, normalize), given);
    if (found === undefined) throw schemaNotFound();
    return found;
  }

  /** The new version's id, or that of the version which is the same. */
  register(subject: string, given: GivenSchema, normalize = false): Promise<number> {
    return this.change(async () => {
      const mode = this.settings.checkWritable(subject);
      if (given.id !== undefined && mode !== 'IMPORT') throw notPermitted(`Subject ${subject} is not in import mode`);
      const config = this.settings.configOf(subject);
      const parsed = this.parse(subject, given, normalize);
      const live = this.state.versions(subject, false);
      const before = this.same(live, parsed, given);
      if (before !== undefined && (given.id === undefined || given.id === before.id)) return before.id;
      if (mode !== 'IMPORT') {
        const reasons = incompatibilities(
          this.state,
          this.settings.levelOf(subject),
          parsed,
          comparable(live, given, config),
        );
        if (reasons.length > 0) {
          throw new RegistryError(
            409,
            `Schema being registered is incompatible with an earlier schema for subject "${subject}", details: [${reasons.join(', ')}]`,
          );
        }
      }
      const last = this.state.versions(subject, true).at(-1)?.version ?? 0;
      const previous = live.at(-1);
      const { schemaType, schema, references } = parsed;
      const { metadata, ruleSet } = withConfigured(
        { metadata: given.metadata ?? previous?.metadata, ruleSet: given.ruleSet ?? previous?.ruleSet },
        config,
      );
      const context = contextOf(subject);
      const id = given.id ?? this.idOf(context, parsed, { metadata, ruleSet }) ?? this.state.maxId(context) + 1;
      this.checkImportedId(context, id, parsed);
      const version = given.version ?? last + 1;
      const stored = { subject, version, id, schemaType, schema, references, metadata, ruleSet, deleted: false };
      const isNewContext = !this.state.contextNames().includes(context);
      await this.log.write([...(isNewContext ? [contextRecord(context)] : []), schemaRecord(stored)]);
      return id;
    });
  }

  /** Why the schema may not come after the version, or after what the level asks for where none is named. */
  checkCompatibility(
    subject: string,
    version: string | undefined,
    given: GivenSchema,
    normalize = false,
  ): readonly string[] {
    const parsed = this.parse(subject, given, normalize);
    const live = this.state.versions(subject, false);
    if (live.length === 0 && (version === undefined || parseVersion(version) === 'latest')) return [];
    const earlier =
      version === undefined
        ? comparable(live, given, this.settings.configOf(subject))
        : [this.version(subject, version)];
    return incompatibilities(this.state, this.settings.levelOf(subject), parsed, earlier);
  }

  deleteSubject(subject: string, permanent: boolean): Promise<readonly number[]> {
    return this.change(async () => {
      this.settings.checkWritable(subject);
      const all = this.state.versions(subject, true);
      const live = all.filter(({ deleted }) => !deleted);
      const last = all.at(-1);
      if (last === undefined) throw subjectNotFound(subject);
      if (!permanent && live.length === 0) throw subjectSoftDeleted(subject);
      if (permanent && live.length > 0) throw subjectNotSoftDeleted(subject);
      for (const { version } of permanent ? all : live) this.checkNotReferenced(subject, version);
      if (permanent) {
        const tombstones = all.map(({ version }) => schemaTombstone(subject, version));
        await this.log.write([...tombstones, deleteSubjectTombstone(subject)]);
        return all.map(({ version }) => version);
      }
      const settings = [
        ...(this.state.mode(subject) === undefined ? [] : [modeRecord(subject, undefined)]),
        ...(this.state.config(subject) === undefined ? [] : [configRecord(subject, undefined)]),
      ];
      await this.log.write([deleteSubjectRecord(subject, last.version), ...settings]);
      return live.map(({ version }) => version);
    });
  }

  deleteVersion(subject: string, text: string, permanent: boolean): Promise<number> {
    return this.change(async () => {
      this.settings.checkWritable(subject);
      if (this.state.versions(subject, true).length === 0) throw subjectNotFound(subject);
      const stored = this.version(subject, text, permanent || parseVersion(text) !== 'latest');
      if (permanent && !stored.deleted) throw versionNotSoftDeleted(subject, stored.version);
      if (!permanent && stored.deleted) throw versionSoftDeleted(subject, stored.version);
      this.checkNotReferenced(subject, stored.version);
      await this.log.write([
        permanent ? schemaTombstone(subject, stored.version) : schemaRecord({ ...stored, deleted: true }),
      ]);
      return stored.version;
    });
  }

  /** What is not named stays as it was. */
  setConfig(subject: string | null, given: SubjectConfig): Promise<SubjectConfig> {
    return this.change(async () => {
      this.settings.checkWritable(subject);
      await this.log.write([configRecord(subject, { ...this.state.config(subject), ...given })]);
      return given;
    });
  }

  deleteConfig(subject: string | null): Promise<SubjectConfig> {
    return this.change(async () => {
      const before = this.state.config(subject);
      if (before === undefined && subject !== null) throw subjectNotFound(subject);
      await this.log.write([configRecord(subject, undefined)]);
      return { compatibilityLevel: DEFAULT_LEVEL, ...before };
    });
  }

  setMode(subject: string | null, text: unknown, force: boolean): Promise<Mode> {
    const mode = nameIn(MODES, String(text).toUpperCase());
    if (mode === undefined) return Promise.reject(invalidMode());
    return this.change(async () => {
      const isContext = subject === null || placeOf(subject).name === '';
      const full = isContext
        ? this.subjects({ prefix: subject ?? '' }).length > 0
        : this.state.versions(subject, false).length > 0;
      if (mode === 'IMPORT' && !force && full) {
        throw notPermitted('Cannot import since found existing subjects');
      }
      await this.log.write([modeRecord(subject, mode)]);
      return mode;
    });
  }

  deleteMode(subject: string): Promise<Mode> {
    return this.change(async () => {
      const before = this.state.mode(subject);
      if (before === undefined) throw subjectNotFound(subject);
      await this.log.write([modeRecord(subject, undefined)]);
      return before;
    });
  }

  private parse(subject: string, given: GivenSchema, normalize: boolean): ParsedSchema {
    const { schema, schemaType, references } = given;
    const normal = normalize || this.settings.normalizes(subject);
    const known = nameIn(SCHEMA_TYPES, schemaType);
    if (known === undefined) {
      throw invalidSchema(`Invalid schema type ${schemaType}: the types are ${Object.keys(SCHEMA_TYPES).join(', ')}`);
    }
    if (schema === '') throw invalidSchema('Empty schema');
    const resolved = references.map((reference) => this.resolved(subject, reference));
    return parseSchema(this.state, subject, { schemaType: known, schema, references: resolved }, normal);
  }

  /** Version -1 is the newest there is. */
  private resolved(subject: string, reference: SchemaReference): SchemaReference {
    if (reference.version !== -1) return reference;
    const newest = this.state.versions(besideSubject(subject, reference.subject), false).at(-1);
    return newest === undefined ? reference : { ...reference, version: newest.version };
  }

  /**
   * The newest of the versions that holds the same schema; ones from elsewhere may be stored in another form. Metadata
   * and rules count only where they are given.
   */
  private same(
    versions: readonly StoredSchema[],
    parsed: ParsedSchema,
    { metadata, ruleSet }: SchemaExtras,
  ): StoredSchema | undefined {
    const identity = identityOf(parsed);
    const differs = (given: object | undefined, stored: object | undefined): boolean =>
      given !== undefined && !isDeepStrictEqual(given, stored);
    return [...versions].reverse().find((stored) => {
      if (differs(metadata, stored.metadata) || differs(ruleSet, stored.ruleSet)) return false;
      if (identityOf(stored) === identity) return true;
      if (stored.schemaType !== parsed.schemaType || stored.references.length !== parsed.references.length)
        return false;
      if (identityOf(parseSchema(this.state, stored.subject, stored)) === identity) return true;
      return hasSameForm(this.state, parsed, stored);
    });
  }

  /** Of the same schema in the context, carrying the same, whatever its form. */
  private idOf(context: string, parsed: ParsedSchema, extras: SchemaExtras): number | undefined {
    const id = this.state.idOf(context, parsed, extras);
    if (id !== undefined || parsed.parsed.common === undefined) return id;
    return this.state.schemasIn(context).find((stored) => {
      const { metadata, ruleSet } = stored;
      return isDeepStrictEqual({ metadata, ruleSet }, extras) && hasSameForm(this.state, parsed, stored);
    })?.id;
  }

  private checkImportedId(context: string, id: number, parsed: ParsedSchema): void {
    const [user] = this.state.usersOf(context, id);
    if (user === undefined || identityOf(user) === identityOf(parsed)) return;
    throw notPermitted(`Overwrite new schema with id ${id} is not permitted.`);
  }

  private checkNotReferenced(subject: string, version: number): void {
    if (this.state.referrers(subject, version).length > 0) throw referenceExists(subject, version);
  }

  private change<T>(work: () => Promise<T>): Promise<T> {
    const result = this.changing.then(async () => {
      await this.log.catchUp();
      return work();
    });
    this.changing = result.catch(() => {}); // its caller is told; the next change starts afresh
    return result;
  }
}

/** With a compatibility group, versions of the same value only. */
function comparable(
  versions: readonly StoredSchema[],
  given: SchemaExtras,
  { compatibilityGroup: group }: SubjectConfig,
): readonly StoredSchema[] {
  if (group === undefined) return versions;
  const wanted = metadataProperty(given, group);
  return versions.filter((version) => metadataProperty(version, group) === wanted);
}

function parseVersion(text: string): number | 'latest' {
  if (text === 'latest' || text === '-1') return 'latest';
  const version = Number(text);
  if (!/^\d+$/.test(text) || version < 1 || version > VERSION_MAX) throw invalidVersion(text);
  return version;
}

/** The name, where the table has it. */
export function nameIn<Name extends string>(table: Readonly<Record<Name, string>>, name: string): Name | undefined {
  const has = (text: string): text is Name => Object.hasOwn(table, text);
  return has(name) ? name : undefined;
}
