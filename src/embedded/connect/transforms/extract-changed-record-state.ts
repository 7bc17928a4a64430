import { optional } from '../../../protocol/connect/option.js';
import type { RecordHeader } from '../data/record.js';
import { OPTIONAL_STRING, Schema, Struct, type Value } from '../data/schema.js';
import { DEBEZIUM, isEnvelope, type TransformPlugin } from './transform.js';

export const extractChangedRecordState: TransformPlugin = {
  className: `${DEBEZIUM}.ExtractChangedRecordState`,
  meaning: 'Headers that list which fields an update changed, and which it left alone.',
  options: [
    optional('STRING', 'header.changed.name', null, 'Header for the names of changed fields.', { importance: 'LOW' }),
    optional('STRING', 'header.unchanged.name', null, 'Header for the names of the others.', { importance: 'LOW' }),
  ],
  create(options) {
    const changed = listHeader(options.string('header.changed.name'));
    const unchanged = listHeader(options.string('header.unchanged.name'));
    return (record) => {
      if (!isEnvelope(record) || !(record.value instanceof Struct)) return record;
      const [before, after] = [record.value.get('before'), record.value.get('after')];
      const isUpdate = before instanceof Struct && after instanceof Struct;
      const names = isUpdate ? after.schema.fields.map((field) => field.name) : [];
      const differs = (name: string): boolean => isUpdate && !sameValue(before.get(name), after.get(name));
      const headers = [...changed(names.filter(differs)), ...unchanged(names.filter((name) => !differs(name)))];
      return { ...record, headers: [...record.headers, ...headers] };
    };
  },
};

/** No header where it has no name. */
function listHeader(name: string): (names: readonly string[]) => readonly RecordHeader[] {
  if (name === '') return () => [];
  const schema = new Schema('array', { optional: true, name, values: OPTIONAL_STRING });
  return (value) => [{ name, schema, value }];
}

function sameValue(one: Value, other: Value): boolean {
  if (Buffer.isBuffer(one)) return Buffer.isBuffer(other) && one.equals(other);
  if (one instanceof Struct) return other instanceof Struct && sameValue(one.values, other.values);
  if (Array.isArray(one))
    return Array.isArray(other) && one.length === other.length && one.every((item, at) => sameValue(item, other[at]));
  if (one instanceof Map)
    return (
      other instanceof Map &&
      one.size === other.size &&
      [...one].every(([key, item]) => sameValue(item, other.get(key)))
    );
  return Object.is(one, other);
}
