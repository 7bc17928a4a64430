import { HttpClient, NoAnswer, type WatchedAddress } from '../../http/client.js';
import type { SchemaType } from '../../protocol/confluent/schema-type.js';
import { EvpipeError } from '../../support/errors.js';
import { fieldsOf } from '../../support/plain-object.js';
import { pause } from '../../support/retry.js';
import { unauthorized, unreachable } from '../http/json-client.js';
import { MEDIA_TYPE } from './questions.js';

/** The URL has a path where the registry has one: `http://h:8080/apis/ccompat/v7`. */
export interface SchemaRegistryClientOptions extends WatchedAddress {
  /** How long one call may take, restarts of the registry included; default 15 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface SchemaReference {
  readonly name: string;
  readonly subject: string;
  readonly version: number;
}

interface SchemaDefinition {
  readonly schema: string;
  /** Default AVRO. */
  readonly schemaType?: SchemaType;
  readonly references?: readonly SchemaReference[];
}

export interface RegisteredSchema extends Required<SchemaDefinition> {
  readonly id: number;
}

interface SubjectVersion extends RegisteredSchema {
  readonly subject: string;
  readonly version: number;
}

interface Compatibility {
  readonly compatible: boolean;
  /** The registry's own reasons, one each; empty where compatible. */
  readonly messages: readonly string[];
}

/**
 * Confluent's REST API as evpipe uses it. Errors: EvpipeError EVPIPE_SCHEMA_REGISTRY_<error code of the registry>
 * (…_40401, …_409) with the registry's words, or EVPIPE_SCHEMA_REGISTRY_UNREACHABLE (kind unreachable).
 */
export interface SchemaRegistryClient {
  listSubjects(): Promise<readonly string[]>;
  /** Empty where the subject does not exist. */
  versions(subject: string): Promise<readonly number[]>;
  /** Undefined where the subject or the version does not exist. */
  version(subject: string, version: number | 'latest'): Promise<SubjectVersion | undefined>;
  /** Gives the id; registering the same schema again changes nothing. */
  register(subject: string, schema: SchemaDefinition): Promise<number>;
  /** The version of the subject that is this schema, by the registry's own comparison; undefined where none is. */
  lookUp(subject: string, schema: SchemaDefinition): Promise<SubjectVersion | undefined>;
  /** Against what the subject's level asks for, or one version. A subject that does not exist takes any schema. */
  testCompatibility(subject: string, schema: SchemaDefinition, version?: number | 'latest'): Promise<Compatibility>;
  /** Undefined where the id is not known; what is known is asked once. */
  schemaById(id: number): Promise<RegisteredSchema | undefined>;
  /** The subjects that use the id. */
  subjectsOf(id: number): Promise<readonly string[]>;
  /** The subject's own level; undefined where the global one applies. */
  compatibility(subject: string): Promise<string | undefined>;
  setCompatibility(subject: string, level: string): Promise<void>;
  /** Soft, or with `permanent` for good (which includes the soft one); the versions deleted, empty where there were none. */
  deleteSubject(subject: string, options?: { readonly permanent?: boolean }): Promise<readonly number[]>;
}

const TIMEOUT_MS = 15_000;
const PAUSE_MS = 50;
const PAUSE_MAX_MS = 1_000;
/** Ids are for ever, so what they mean may be kept; a hostile topic could name millions of them. */
const CACHED_IDS_MAX = 10_000;
const SUBJECT_NOT_FOUND = 40401;
const VERSION_NOT_FOUND = 40402;
const SCHEMA_NOT_FOUND = 40403;
const SUBJECT_SOFT_DELETED = 40404;
const LEVEL_NOT_CONFIGURED = 40408;

interface VersionJson {
  readonly subject: string;
  readonly version: number;
  readonly id: number;
  readonly schema: string;
  readonly schemaType?: SchemaType;
  readonly references?: readonly SchemaReference[] | null;
}

export function connectSchemaRegistry(options: SchemaRegistryClientOptions): SchemaRegistryClient {
  const api = new Api(options);
  const byId = new Map<number, RegisteredSchema>();
  const at = encodeURIComponent;
  return {
    listSubjects: () => api.call<readonly string[]>('GET', '/subjects'),
    versions: (subject) =>
      api.callOr<readonly number[]>([SUBJECT_NOT_FOUND], [], 'GET', `/subjects/${at(subject)}/versions`),
    version: (subject, version) =>
      api
        .callOr<VersionJson | undefined>(
          [SUBJECT_NOT_FOUND, VERSION_NOT_FOUND],
          undefined,
          'GET',
          `/subjects/${at(subject)}/versions/${version}`,
        )
        .then(subjectVersion),
    register: async (subject, schema) =>
      (await api.call<{ id: number }>('POST', `/subjects/${at(subject)}/versions`, bodyOf(schema))).id,
    lookUp: (subject, schema) =>
      api
        .callOr<VersionJson | undefined>(
          [SUBJECT_NOT_FOUND, SCHEMA_NOT_FOUND],
          undefined,
          'POST',
          `/subjects/${at(subject)}`,
          bodyOf(schema),
        )
        .then(subjectVersion),
    async testCompatibility(subject, schema, version) {
      const path = `/compatibility/subjects/${at(subject)}/versions${version === undefined ? '' : `/${version}`}`;
      const answer = await api.callOr<{ is_compatible: boolean; messages?: readonly string[] }>(
        [SUBJECT_NOT_FOUND],
        { is_compatible: true },
        'POST',
        `${path}?verbose=true`,
        bodyOf(schema),
      );
      return { compatible: answer.is_compatible, messages: answer.messages ?? [] };
    },
    async schemaById(id) {
      const known = byId.get(id);
      if (known !== undefined) return known;
      const found = await api.callOr<Omit<VersionJson, 'id'> | undefined>(
        [SCHEMA_NOT_FOUND],
        undefined,
        'GET',
        `/schemas/ids/${id}`,
      );
      if (found === undefined) return undefined;
      const schema = registered({ ...found, id });
      if (byId.size >= CACHED_IDS_MAX) byId.clear();
      byId.set(id, schema);
      return schema;
    },
    // Apicurio has this path, and not the one that ends in /subjects.
    subjectsOf: async (id) => {
      const none: readonly { readonly subject: string }[] = [];
      const found = await api.callOr([SCHEMA_NOT_FOUND], none, 'GET', `/schemas/ids/${id}/versions`);
      return [...new Set(found.map(({ subject }) => subject))];
    },
    compatibility: async (subject) =>
      (
        await api.callOr<{ compatibilityLevel?: string }>(
          [LEVEL_NOT_CONFIGURED, SUBJECT_NOT_FOUND],
          {},
          'GET',
          `/config/${at(subject)}`,
        )
      ).compatibilityLevel,
    async setCompatibility(subject, compatibility) {
      await api.call('PUT', `/config/${at(subject)}`, { compatibility });
    },
    async deleteSubject(subject, { permanent = false } = {}) {
      const path = `/subjects/${at(subject)}`;
      const gone = [SUBJECT_NOT_FOUND, SUBJECT_SOFT_DELETED];
      const soft = await api.callOr<readonly number[]>(gone, [], 'DELETE', path);
      if (!permanent) return soft;
      return api.callOr<readonly number[]>([SUBJECT_NOT_FOUND], [], 'DELETE', `${path}?permanent=true`);
    },
  };
}

const bodyOf = ({ schema, schemaType = 'AVRO', references = [] }: SchemaDefinition) => ({
  schema,
  ...(schemaType === 'AVRO' ? {} : { schemaType }), // older registries know no types
  ...(references.length === 0 ? {} : { references }),
});

const registered = ({ id, schema, schemaType, references }: Omit<VersionJson, 'subject' | 'version'>) => ({
  id,
  schema,
  schemaType: schemaType ?? ('AVRO' as const),
  references: references ?? [],
});

const subjectVersion = (json: VersionJson | undefined): SubjectVersion | undefined =>
  json === undefined ? undefined : { subject: json.subject, version: json.version, ...registered(json) };

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** What a code of the registry says, kept beside the EvpipeError's text. */
class RegistryRefusal extends EvpipeError {
  constructor(
    readonly errorCode: number,
    message: string,
  ) {
    super(`EVPIPE_SCHEMA_REGISTRY_${errorCode}`, `schema registry: ${message}`);
  }

  get isServerError(): boolean {
    return String(this.errorCode).startsWith('5');
  }
}

class Api {
  private readonly http: HttpClient;
  private readonly address: string;
  private readonly timeoutMs: number;
  private readonly signal: AbortSignal | undefined;

  constructor({ timeoutMs = TIMEOUT_MS, signal, ...address }: SchemaRegistryClientOptions) {
    const { url } = address;
    this.address = url.replace(/\/\/[^@/]*@/, '//').replace(/\/$/, ''); // without user and password
    this.timeoutMs = timeoutMs;
    this.signal = signal;
    const headers = { accept: `${MEDIA_TYPE}, application/json`, 'content-type': MEDIA_TYPE };
    this.http = new HttpClient({ ...address, headers, timeoutMs, retryMs: timeoutMs, signal });
  }

  /** `fallback` where the registry answers with one of the codes. */
  async callOr<T>(codes: readonly number[], fallback: T, method: Method, path: string, body?: unknown): Promise<T> {
    try {
      return await this.call<T>(method, path, body);
    } catch (failure) {
      if (failure instanceof RegistryRefusal && codes.includes(failure.errorCode)) return fallback;
      throw failure;
    }
  }

  /** Every call may be repeated, so one that meets a restarting registry is, until its time is over. */
  async call<T>(method: Method, path: string, body?: unknown): Promise<T> {
    const endMs = performance.now() + this.timeoutMs;
    for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)) {
      try {
        return await this.once<T>(method, path, body);
      } catch (failure) {
        if (!(failure instanceof RegistryRefusal && failure.isServerError)) throw failure;
        if (endMs - performance.now() <= pauseMs) throw failure;
        await pause(pauseMs * (0.75 + Math.random() / 2), this.signal);
      }
    }
  }

  private async once<T>(method: Method, path: string, body: unknown): Promise<T> {
    const { status, body: answer } = await this.http
      .request({ method, path, body, repeatable: true })
      .catch((failure: unknown) => {
        throw failure instanceof NoAnswer
          ? unreachable('the schema registry', 'SCHEMA_REGISTRY', this.address, failure)
          : failure;
      });
    if (status === 401) throw unauthorized('the schema registry', 'SCHEMA_REGISTRY', this.address);
    if (status >= 300) {
      const { error_code: code, message } = fieldsOf(answer);
      throw new RegistryRefusal(
        typeof code === 'number' && code > 0 ? code : status,
        typeof message === 'string' ? message : `${method} ${path}: HTTP ${status}`,
      );
    }
    if (typeof answer === 'object' && answer !== null) return answer as T;
    throw new EvpipeError(
      'EVPIPE_SCHEMA_REGISTRY_ANSWER',
      `${this.address}${path} answered, but not like a schema registry`,
    );
  }
}
