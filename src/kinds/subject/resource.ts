import type { SchemaReference, SchemaRegistryClient } from '../../clients/schema-registry/client.js';
import type { SchemaType } from '../../protocol/confluent/schema-type.js';
import { EvpipeError, type SourceLocation } from '../../support/errors.js';
import { type Change, fieldChange, type ResourceKind } from '../resource.js';

export interface SubjectSpec {
  readonly name: string;
  readonly schema: string;
  readonly schemaType: SchemaType;
  readonly references: readonly SchemaReference[];
  /** Undefined: whatever the registry applies. */
  readonly compatibility: string | undefined;
  readonly location?: SourceLocation | undefined;
}

export interface LiveSubject {
  /** The declared schema is a version of the subject, by the registry's own comparison. */
  readonly registered: boolean;
  readonly compatibility: string | undefined;
}

export const subjectResource: ResourceKind<SubjectSpec, LiveSubject, { readonly registry: SchemaRegistryClient }> = {
  kind: 'schema',
  name: (spec) => spec.name,
  location: (spec) => spec.location,

  async read(spec, { registry }) {
    const [found, compatibility] = await Promise.all([
      registry.lookUp(spec.name, definition(spec)),
      registry.compatibility(spec.name),
    ]);
    if (found === undefined && compatibility === undefined && (await registry.versions(spec.name)).length === 0)
      return undefined;
    return { registered: found !== undefined, compatibility };
  },

  diff(spec, live) {
    if (live === undefined) return [{ summary: 'new' }];
    const changes: Change[] = [];
    if (spec.compatibility !== undefined && spec.compatibility !== live.compatibility) {
      changes.push(fieldChange('compatibility', live.compatibility, spec.compatibility));
    }
    if (!live.registered) changes.push({ summary: 'a new version', irreversible: true });
    return changes;
  },

  async objections(spec, live, { registry }) {
    // Where the level changes too, the registry would judge by the one that is about to go.
    const levelStays = spec.compatibility === undefined || spec.compatibility === live?.compatibility;
    if (live === undefined || live.registered || !levelStays) return [];
    return incompatibility(spec, registry);
  },

  async apply(spec, live, { registry }) {
    if (spec.compatibility !== undefined && spec.compatibility !== live?.compatibility) {
      await registry.setCompatibility(spec.name, spec.compatibility);
    }
    if (live?.registered === true) return;
    const [refused] = (await incompatibility(spec, registry)).flatMap((change) => change.refused ?? []);
    if (refused !== undefined) {
      throw new EvpipeError('EVPIPE_SCHEMA_INCOMPATIBLE', `schema ${spec.name} is ${refused.why}`, {
        todo: refused.todo,
        ...(spec.location === undefined ? {} : { location: spec.location }),
      });
    }
    await registry.register(spec.name, definition(spec));
  },
};

async function incompatibility(spec: SubjectSpec, registry: SchemaRegistryClient): Promise<readonly Change[]> {
  const { compatible, messages } = await registry.testCompatibility(spec.name, definition(spec));
  if (compatible) return [];
  return [
    {
      summary: 'the schema',
      refused: {
        code: 'EVPIPE_SCHEMA_INCOMPATIBLE',
        why: `not ${spec.compatibility ?? 'compatible'} with what is registered:\n${reasons(messages).join('\n')}`,
        todo: 'Give a new field a default, or register it under a new subject; the registry keeps what it has.',
      },
    },
  ];
}

/** The registry adds the whole old schema and its own settings to the reasons, in lines of braces. */
function reasons(messages: readonly string[]): readonly string[] {
  const told = messages.filter((message) => !/^\{(oldSchema|oldSchemaVersion|validateFields)\b/.test(message.trim()));
  return told.length > 0 ? told : messages;
}

function definition(spec: SubjectSpec): {
  schema: string;
  schemaType: SchemaType;
  references: readonly SchemaReference[];
} {
  return { schema: spec.schema, schemaType: spec.schemaType, references: spec.references };
}
