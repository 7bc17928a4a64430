import type { ProtobufField, ProtobufMessage, ProtobufType, ScalarName } from './schema.js';

export type ProtobufIncompatibilityType =
  | 'MESSAGE_REMOVED'
  | 'FIELD_KIND_CHANGED'
  | 'FIELD_SCALAR_KIND_CHANGED'
  | 'FIELD_NAMED_TYPE_CHANGED'
  | 'FIELD_NUMERIC_LABEL_CHANGED'
  | 'REQUIRED_FIELD_ADDED'
  | 'REQUIRED_FIELD_REMOVED'
  | 'ONEOF_FIELD_REMOVED'
  | 'MULTIPLE_FIELDS_MOVED_TO_ONEOF'
  | 'FIELD_MOVED_TO_EXISTING_ONEOF';

/** In Confluent's terms: `#/Order/3` is the field with number 3 of the message Order. */
export interface ProtobufIncompatibility {
  readonly type: ProtobufIncompatibilityType;
  readonly path: string;
}

/** Nobody reads more. */
const REASONS_MAX = 200;

/** Types that are the same on the wire, or that a reader converts ("Updating A Message Type"); an enum is a number. */
const SCALAR_GROUPS: { readonly [Name in ScalarName | 'enum']: string } = {
  int32: 'number',
  int64: 'number',
  uint32: 'number',
  uint64: 'number',
  bool: 'number',
  enum: 'number',
  sint32: 'signed',
  sint64: 'signed',
  string: 'text',
  bytes: 'text',
  fixed32: 'fixed32',
  sfixed32: 'fixed32',
  fixed64: 'fixed64',
  sfixed64: 'fixed64',
  float: 'float',
  double: 'double',
};

/** Why data of `writer`'s messages can't be read with `reader`'s, by the rules of Confluent's registry; empty where it can. */
export function protobufIncompatibilities(
  reader: readonly ProtobufMessage[],
  writer: readonly ProtobufMessage[],
): readonly ProtobufIncompatibility[] {
  const comparison = new Comparison();
  comparison.compareAll(reader, writer);
  return comparison.finish().slice(0, REASONS_MAX);
}

/** Two messages of the same name, and what holds them: fields of others by a path, the message around them without one. */
interface Pair {
  readonly reader: ProtobufMessage;
  readonly writer: ProtobufMessage;
  readonly heldBy: Array<{ readonly pair: Pair; readonly path?: string }>;
  broken: boolean;
}

class Comparison {
  /** By path and type, so that each is told once. */
  private readonly found = new Map<string, ProtobufIncompatibility>();
  private readonly pairs = new Map<ProtobufMessage, Map<ProtobufMessage, Pair>>();
  private readonly waiting: Pair[] = [];

  /** Messages at one level are matched by name; new ones are always compatible. */
  compareAll(reader: readonly ProtobufMessage[], writer: readonly ProtobufMessage[], around?: Pair): void {
    const byName = new Map(reader.map((message) => [message.name, message]));
    for (const message of writer) {
      const same = byName.get(message.name);
      if (same === undefined) {
        this.add('MESSAGE_REMOVED', pathOf(message), around);
        continue;
      }
      const pair = this.pairOf(same, message);
      if (around !== undefined) pair.heldBy.push({ pair: around });
    }
  }

  finish(): readonly ProtobufIncompatibility[] {
    const compared: Pair[] = [];
    for (let pair = this.waiting.shift(); pair !== undefined; pair = this.waiting.shift()) {
      compared.push(pair);
      this.compareMessages(pair);
    }
    // A message that can't be read breaks the fields that hold it, and the messages of these.
    const broken = compared.filter((pair) => pair.broken);
    for (let pair = broken.pop(); pair !== undefined; pair = broken.pop()) {
      for (const { pair: holder, path } of pair.heldBy) {
        if (path !== undefined) this.add('FIELD_NAMED_TYPE_CHANGED', path);
        if (!holder.broken) broken.push(holder);
        holder.broken = true;
      }
    }
    return [...this.found.values()];
  }

  private add(type: ProtobufIncompatibilityType, path: string, pair?: Pair): void {
    this.found.set(`${type} ${path}`, { type, path });
    if (pair !== undefined) pair.broken = true;
  }

  private pairOf(reader: ProtobufMessage, writer: ProtobufMessage): Pair {
    const ofWriter = this.pairs.get(writer) ?? new Map<ProtobufMessage, Pair>();
    this.pairs.set(writer, ofWriter);
    const known = ofWriter.get(reader);
    if (known !== undefined) return known;
    const pair: Pair = { reader, writer, heldBy: [], broken: false };
    ofWriter.set(reader, pair);
    this.waiting.push(pair);
    return pair;
  }

  private compareMessages(pair: Pair): void {
    const { reader, writer } = pair;
    const [after, before] = [byNumber(reader), byNumber(writer)];
    this.compareOneofs(pair, after, before);
    for (const [number, old] of before) {
      const path = `${pathOf(writer)}/${number}`;
      const now = after.get(number);
      if (now !== undefined) this.compareFields(pair, now, old, path);
      else if (old.required) this.add('REQUIRED_FIELD_REMOVED', path, pair);
    }
    for (const [number, now] of after) {
      if (now.required && !before.has(number)) this.add('REQUIRED_FIELD_ADDED', `${pathOf(writer)}/${number}`, pair);
    }
    this.compareAll(reader.nested, writer.nested, pair);
  }

  /** Only one field of a oneof survives, so fields that could be set together may not come to be in one. */
  private compareOneofs(pair: Pair, after: FieldsByNumber, before: FieldsByNumber): void {
    const oneofs = membersByOneof(after);
    for (const [oneof, members] of oneofs) {
      const path = `${pathOf(pair.writer)}/${oneof}`;
      const old = members.flatMap(({ number }) => before.get(number) ?? []);
      const moved = old.filter((field) => field.oneof === undefined).length;
      if (moved > 1) this.add('MULTIPLE_FIELDS_MOVED_TO_ONEOF', path, pair);
      else if (moved === 1 && old.length > 1) this.add('FIELD_MOVED_TO_EXISTING_ONEOF', path, pair);
    }
    for (const { number, oneof } of before.values()) {
      if (oneof === undefined || !oneofs.has(oneof) || after.get(number)?.oneof === oneof) continue;
      this.add('ONEOF_FIELD_REMOVED', `${pathOf(pair.writer)}/${oneof}/${number}`, pair);
    }
  }

  private compareFields(pair: Pair, now: ProtobufField, old: ProtobufField, path: string): void {
    if (kindOf(now) !== kindOf(old)) {
      this.add('FIELD_KIND_CHANGED', path, pair);
      return;
    }
    if (old.keyType !== undefined && now.keyType !== undefined) {
      if (SCALAR_GROUPS[now.keyType] !== SCALAR_GROUPS[old.keyType]) this.add('FIELD_SCALAR_KIND_CHANGED', path, pair);
      if ((now.type.kind === 'message') !== (old.type.kind === 'message')) {
        this.add('FIELD_KIND_CHANGED', path, pair);
        return;
      }
    }
    if (now.type.kind === 'message' && old.type.kind === 'message') {
      this.compareMessageTypes(pair, now.type.message, old.type.message, path);
      return;
    }
    const group = groupOf(old.type);
    if (groupOf(now.type) !== group) this.add('FIELD_SCALAR_KIND_CHANGED', path, pair);
    else if (group !== 'text' && labelsDiffer(now, old)) this.add('FIELD_NUMERIC_LABEL_CHANGED', path, pair);
  }

  /** The package may differ, as it does where a file moves to another one. */
  private compareMessageTypes(pair: Pair, now: ProtobufMessage, old: ProtobufMessage, path: string): void {
    if (pathOf(now) === pathOf(old)) this.pairOf(now, old).heldBy.push({ pair, path });
    else this.add('FIELD_NAMED_TYPE_CHANGED', path, pair);
  }
}

type FieldsByNumber = ReadonlyMap<number, ProtobufField>;

const byNumber = ({ fields }: ProtobufMessage): FieldsByNumber => new Map(fields.map((field) => [field.number, field]));

function membersByOneof(fields: FieldsByNumber): ReadonlyMap<string, readonly ProtobufField[]> {
  const oneofs = new Map<string, ProtobufField[]>();
  for (const field of fields.values()) {
    if (field.oneof === undefined) continue;
    const members = oneofs.get(field.oneof);
    if (members === undefined) oneofs.set(field.oneof, [field]);
    else members.push(field);
  }
  return oneofs;
}

const pathOf = ({ path }: ProtobufMessage): string => `#/${path.join('/')}`;

const kindOf = ({ shape, type }: ProtobufField): 'map' | 'message' | 'scalar' => {
  if (shape === 'map') return 'map';
  return type.kind === 'message' ? 'message' : 'scalar';
};

const groupOf = (type: ProtobufType): string =>
  type.kind === 'scalar' ? SCALAR_GROUPS[type.name] : SCALAR_GROUPS.enum;

/** Confluent compares labels only where both fields have one; in proto3 a field may have none. */
function labelsDiffer(now: ProtobufField, old: ProtobufField): boolean {
  const [after, before] = [labelOf(now), labelOf(old)];
  return after !== undefined && before !== undefined && after !== before;
}

function labelOf({
  shape,
  required,
  presence,
  oneof,
}: ProtobufField): 'repeated' | 'required' | 'optional' | undefined {
  if (shape === 'map') return undefined;
  if (shape === 'repeated') return 'repeated';
  if (required) return 'required';
  return presence && oneof === undefined ? 'optional' : undefined;
}
