import { Cursor } from './cursor.js';
import { tokenize } from './lexer.js';
import { SIMPLE_TYPES, type SqlType, type StructField } from './types.js';

/** One SQL type from text, as DESCRIBE prints it or as it is written; throws KsqlSyntaxError. */
export function parseTypeText(text: string): SqlType {
  const cursor = new Cursor(tokenize(text), text);
  const type = parseType(cursor);
  if (cursor.token.kind !== 'end') throw cursor.fail();
  return type;
}

export function parseType(cursor: Cursor): SqlType {
  return cursor.nested(() => {
    let type = parseBaseType(cursor);
    for (let links = 1; cursor.accept('ARRAY'); links++) {
      cursor.checkDepth(links);
      type = { kind: 'ARRAY', element: type };
    }
    return type;
  });
}

function parseBaseType(cursor: Cursor): SqlType {
  const { token } = cursor;
  if (token.kind === 'word') {
    if (token.value === 'ARRAY') return parseArray(cursor);
    if (token.value === 'MAP') return parseMap(cursor);
    if (token.value === 'STRUCT') return parseStruct(cursor);
    if (token.value === 'DECIMAL') return parseDecimal(cursor);
    const simple = SIMPLE_TYPES[token.value];
    if (simple !== undefined) {
      cursor.advance();
      // VARCHAR(50): the length is read and means nothing, as in ksqlDB.
      if (simple.kind === 'STRING' && cursor.accept('(')) {
        cursor.advance();
        cursor.expect(')');
      }
      return simple;
    }
  }
  const name = cursor.identifier();
  cursor.namedTypes.push(token);
  return { kind: 'NAMED', name };
}

function parseArray(cursor: Cursor): SqlType {
  cursor.expect('ARRAY', '<');
  const element = parseType(cursor);
  cursor.expect('>');
  return { kind: 'ARRAY', element };
}

function parseMap(cursor: Cursor): SqlType {
  cursor.expect('MAP', '<');
  const key = parseType(cursor);
  cursor.expect(',');
  const value = parseType(cursor);
  cursor.expect('>');
  return { kind: 'MAP', key, value };
}

function parseStruct(cursor: Cursor): SqlType {
  cursor.expect('STRUCT');
  const fields: StructField[] = [];
  if (cursor.accept('<>')) return { kind: 'STRUCT', fields };
  cursor.expect('<');
  if (!cursor.at('>')) {
    do {
      const name = cursor.identifier();
      fields.push({ name, type: parseType(cursor) });
    } while (cursor.accept(','));
  }
  cursor.expect('>');
  return { kind: 'STRUCT', fields };
}

function parseDecimal(cursor: Cursor): SqlType {
  cursor.expect('DECIMAL', '(');
  const precision = cursor.expectInteger();
  cursor.expect(',');
  const scale = cursor.expectInteger();
  cursor.expect(')');
  return { kind: 'DECIMAL', precision, scale };
}
