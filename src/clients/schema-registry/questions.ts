import type { SchemaType } from '../../protocol/confluent/schema-type.js';
import { fieldsOf } from '../../support/plain-object.js';
/** A schema with all that it refers to. */
export interface ResolvedSchema {
  readonly id: number;
  readonly type: SchemaType;
  readonly schema: string;
  /** The texts of the schemas that it refers to, directly or not, by name; each after those it refers to itself. */
  readonly references: ReadonlyMap<string, string>;
}

export interface RegistryQuestion {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  /** For messages: `read schema 7`. */
  readonly purpose: string;
}

/** Sends a question and answers with the body. Who sends it knows where, how often, and how a refusal is said. */
export type Ask = (question: RegistryQuestion) => Promise<unknown>;

/** What the registry answers of a schema. */
interface SchemaBody {
  readonly id?: number;
  readonly schema: string;
  readonly schemaType?: SchemaType;
  readonly references?: ReadonlyArray<{
    readonly name: string;
    readonly subject: string;
    readonly version: number;
  }> | null;
}

export const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json';

const subjectPath = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`;
export const latestPath = (subject: string): string => `${subjectPath(subject)}/versions/latest`;

/** The few questions of a serializer. All may be sent again: registering the same schema twice changes nothing. */
export class SerializerQuestions {
  constructor(private readonly ask: Ask) {}

  /** Its id, also where it is registered already. */
  async register(subject: string, schema: string, type: SchemaType): Promise<number> {
    return this.idOf(`${subjectPath(subject)}/versions`, schema, type, `register a schema for ${subject}`);
  }

  /** The id of a schema that is registered already. */
  async lookUp(subject: string, schema: string, type: SchemaType): Promise<number> {
    return this.idOf(subjectPath(subject), schema, type, `look up a schema of ${subject}`);
  }

  async latest(subject: string): Promise<ResolvedSchema> {
    const body = await this.body(latestPath(subject), `read subject ${subject}`);
    return this.resolved(Number(body.id), body);
  }

  async schemaById(id: number): Promise<ResolvedSchema> {
    return this.resolved(id, await this.body(`/schemas/ids/${id}`, `read schema ${id}`));
  }

  private async idOf(path: string, schema: string, type: SchemaType, purpose: string): Promise<number> {
    // Avro's is the type where none is named: older registries know no others.
    const body = type === 'AVRO' ? { schema } : { schema, schemaType: type };
    return Number(fieldsOf(await this.ask({ method: 'POST', path, body, purpose })).id);
  }

  private async body(path: string, purpose: string): Promise<SchemaBody> {
    return ((await this.ask({ method: 'GET', path, purpose })) ?? {}) as SchemaBody;
  }

  private async resolved(id: number, body: SchemaBody): Promise<ResolvedSchema> {
    const references = await referredTexts(body.references, (subject, version) =>
      this.body(`${subjectPath(subject)}/versions/${version}`, `read version ${version} of subject ${subject}`),
    );
    return { id, type: body.schemaType ?? 'AVRO', schema: String(body.schema), references };
  }
}

/** The texts of the schemas that references lead to, by name; each after those it refers to itself. */
export async function referredTexts(
  references: SchemaBody['references'],
  read: (subject: string, version: number) => Promise<Pick<SchemaBody, 'schema' | 'references'>>,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const visited = new Set<string>();
  const follow = async (ahead: SchemaBody['references']): Promise<void> => {
    for (const { name, subject, version } of ahead ?? []) {
      const place = `${subject}\n${version}`;
      if (visited.has(place)) continue;
      visited.add(place);
      const referred = await read(subject, version);
      await follow(referred.references);
      found.set(name, String(referred.schema));
    }
  };
  await follow(references);
  return found;
}
