import { Decimal } from '../../protocol/decimal.js';
import { javaDouble } from '../../protocol/java-number.js';
import type { SqlType } from '../../protocol/ksql/types.js';
import { castTo, exactDecimal } from '../expressions/cast.js';
import { STRING } from '../expressions/types.js';
import { StatementError } from '../statement-error.js';
import { ofKind, type Value } from '../values/value.js';
import type { Format } from './format.js';

const NESTED: ReadonlySet<SqlType['kind']> = new Set(['ARRAY', 'MAP', 'STRUCT']);

/** Fields of one CSV line; quoted fields may hold delimiters, doubled quotes and line breaks. */
export function splitLine(line: string, delimiter: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let text = '';
      let from = at + 1;
      for (;;) {
        const end = line.indexOf('"', from);
        if (end === -1) throw new SyntaxError('a quoted field does not end');
        text += line.slice(from, end);
        from = end + 2;
        if (line[end + 1] !== '"') {
          at = end + 1;
          break;
        }
        text += '"';
      }
      fields.push(text);
    } else {
      const end = line.indexOf(delimiter, at);
      fields.push(line.slice(at, end === -1 ? line.length : end));
      at = end === -1 ? line.length : end;
    }
    if (at >= line.length) return fields;
    if (!line.startsWith(delimiter, at)) throw new SyntaxError('text follows a quoted field');
    at += delimiter.length;
    if (at >= line.length) {
      fields.push('');
      return fields;
    }
  }
}

function reader(type: SqlType): (text: string) => Value {
  switch (type.kind) {
    case 'STRING':
      return (text) => text;
    case 'BYTES':
      return (text) => Buffer.from(text, 'base64');
    case 'DATE':
    case 'TIME':
    case 'TIMESTAMP':
      return (text) => Number(castTo(STRING, { kind: 'BIGINT' })(text));
    case 'DECIMAL':
      return (text) => {
        const parsed = Decimal.parse(text);
        if (parsed === undefined) throw new TypeError(`${text} is not a DECIMAL`);
        return exactDecimal(parsed, type.precision, type.scale);
      };
    default:
      return castTo(STRING, type);
  }
}

function writer(type: SqlType): (value: Value) => string {
  if (type.kind === 'DOUBLE') return ofKind(type.kind, javaDouble);
  return type.kind === 'BYTES' ? ofKind(type.kind, (value) => Buffer.from(value).toString('base64')) : String;
}

/** As few quotes as Apache's CSV writer sets by default: around what holds a delimiter, quote or line break, or begins or ends oddly. */
function quote(text: string, delimiter: string, first: boolean): string {
  const odd = text === '' ? first : /^[^0-9A-Za-z]/.test(text) && first;
  const edge = text !== '' && (text.charCodeAt(0) <= 0x23 || text.charCodeAt(text.length - 1) <= 0x20);
  if (!odd && !edge && !text.includes(delimiter) && !/["\r\n]/.test(text)) return text;
  return `"${text.replaceAll('"', '""')}"`;
}

export const DELIMITED: Format = {
  name: 'DELIMITED',
  meaning: 'One line of CSV without names; the order is that of the columns.',
  inference: false,
  wrapping: 'never',
  check(columns) {
    for (const { name, type } of columns) {
      if (NESTED.has(type.kind)) {
        throw new StatementError(`The 'DELIMITED' format does not support type '${type.kind}', column: \`${name}\``);
      }
    }
  },
  async serde({ columns, delimiter }) {
    const readers = columns.map(({ type }) => reader(type));
    const writers = columns.map(({ type }) => writer(type));
    return {
      decode(bytes) {
        const fields = splitLine(bytes.toString('utf8'), delimiter);
        if (fields.length !== columns.length) {
          throw new SyntaxError(`Unexpected field count, csvFields:${fields.length} schemaFields:${columns.length}`);
        }
        return readers.map((read, at) => (fields[at] === '' ? null : read(fields[at] ?? '')));
      },
      encode(values) {
        const parts = writers.map((write, at) => {
          const value = values[at] ?? null;
          return value === null ? '' : quote(write(value), delimiter, at === 0);
        });
        return Buffer.from(parts.join(delimiter), 'utf8');
      },
    };
  },
};
