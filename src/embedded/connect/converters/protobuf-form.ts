/** A struct that stands for a oneof: a field for each member, of which one is set. The oneof's name follows. */
export const PROTOBUF_UNION = 'io.confluent.connect.protobuf.Union.';
/** The parameter with an enum's name; below it the number of each symbol. */
export const PROTOBUF_ENUM = 'io.confluent.connect.protobuf.Enum';
/** The parameter with a field's number. */
export const PROTOBUF_TAG = 'io.confluent.connect.protobuf.Tag';

export interface ProtobufSettings {
  /** Optional values as google.protobuf.StringValue and its kind, which tell null from the default. */
  readonly wrappers: boolean;
  /** Optional fields with the word `optional`, which tells null from the default. */
  readonly optionals: boolean;
  /** The whole name of a message as its struct's, package and outer messages included. */
  readonly fullNames: boolean;
  /** A oneof's struct is the field `name_0`, not `name`. */
  readonly indexedUnions: boolean;
  /** What can't be in a name becomes an underscore. */
  readonly scrubNames: boolean;
}

/** A name as Protobuf takes it: what else is in it as in a URL, with underscores. */
export function protobufName(name: string, { scrubNames }: ProtobufSettings): string {
  if (!scrubNames) return name;
  const encoded = encodeURIComponent(name).replaceAll('%20', '+');
  return (/^[A-Za-z]/.test(encoded) ? encoded : `x${encoded}`).replace(/[^A-Za-z0-9_]/g, '_');
}

export const isUnion = (schema: { readonly type: string; readonly name: string | undefined }): boolean =>
  schema.type === 'struct' && schema.name?.startsWith(PROTOBUF_UNION) === true;
