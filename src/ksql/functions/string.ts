import { createHash } from 'node:crypto';
import { BoundedRegex } from '../../support/bounded-regex.js';
import { checkSize, type ScalarFunction, scalar, variant } from './definition.js';

const STRING_STRING = '(STRING) STRING';

/** Java's regular expressions as JavaScript's; the inline flag (?i) at the start is the only one taken over. */
function pattern(source: string, flags: string): RegExp {
  const inline = /^\(\?([ims]+)\)/.exec(source);
  const text = inline === null ? source : source.slice(inline[0].length);
  return new BoundedRegex(text, flags + (inline?.[1] ?? ''));
}

/** $1 and \$ of Java's replacement text. */
const replacement = (text: string): string => text.replace(/\\(.)/g, (_, char: string) => (char === '$' ? '$$' : char));

/** Nothing is found in no text, and no text is found. */
function instr(
  text: string | null,
  part: string | null,
  position: number | null = 1,
  occurrence: number | null = 1,
): number | null {
  if (position === null || occurrence === null) return null;
  if (text === null || part === null || part === '' || position === 0 || occurrence < 1) return 0;
  let at = -1;
  if (position > 0) {
    at = text.indexOf(part, position - 1);
    for (let seen = 1; seen < occurrence && at !== -1; seen += 1) at = text.indexOf(part, at + 1);
  } else {
    at = text.lastIndexOf(part, text.length + position);
    for (let seen = 1; seen < occurrence && at !== -1; seen += 1) at = at === 0 ? -1 : text.lastIndexOf(part, at - 1);
  }
  return at + 1;
}

function pad(text: string, length: number, padding: string, side: 'left' | 'right'): string | null {
  if (length < 0 || padding === '') return null;
  if (text.length >= length) return text.slice(0, length);
  checkSize(length);
  return side === 'left' ? text.padStart(length, padding) : text.padEnd(length, padding);
}

/** Beyond, what is found is counted before it is replaced. */
const COUNTED_FROM = 1_000_000;

/** Throws where the result would be too large; a replacement may hold what was found several times. */
function checkReplaced(text: string, found: string | RegExp, next: string): void {
  const references = next.split('$').length - 1;
  if ((text.length + 1) * (next.length + references * text.length) < COUNTED_FROM) return;
  let size = text.length;
  text.replaceAll(found, (match) => {
    size += next.length + references * match.length;
    checkSize(size);
    return '';
  });
}

/** Bytes as texts of one char each, and back: what is written for texts serves them too. */
const charsOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytesOf = (chars: string | null): Buffer | null => (chars === null ? null : Buffer.from(chars, 'latin1'));

function substring(text: string, position: number, length?: number): string {
  const start = position > 0 ? position - 1 : position === 0 ? 0 : Math.max(text.length + position, 0);
  return length === undefined ? text.slice(start) : text.slice(start, start + Math.max(length, 0));
}

/** Upper-case letters X, lower-case x, digits n, the rest - unless given otherwise; null keeps a kind as it is. */
type Marks = readonly [upper: string | null, lower: string | null, digit: string | null, other: string | null];
const MARKS: Marks = ['X', 'x', 'n', '-'];

function masked(text: string, marks: Marks, hides: (at: number, length: number) => boolean): string {
  return [...text]
    .map((char, at) => {
      if (!hides(at, text.length)) return char;
      const kind = /\p{Lu}/u.test(char) ? 0 : /\p{L}/u.test(char) ? 1 : /\p{Nd}/u.test(char) ? 2 : 3;
      return marks[kind] ?? char;
    })
    .join('');
}

const marksOf = (args: ReadonlyArray<string | null>): Marks => [
  args[0] ?? null,
  args[1] ?? null,
  args[2] ?? null,
  args[3] ?? null,
];

const MASKING = '(STRING, INTEGER) STRING';
const MASKING_AS = '(STRING, INTEGER, STRING, STRING, STRING, STRING) STRING';

function masker(
  name: string,
  description: string,
  hides: (count: number) => (at: number, length: number) => boolean,
): ScalarFunction {
  const check = (count: number): number => {
    if (count < 0) throw new RangeError(`function ${name} requires a non-negative number of characters`);
    return count;
  };
  return scalar(
    'STRING',
    name,
    description,
    variant(MASKING, (text: string, count: number) => masked(text, MARKS, hides(check(count)))),
    {
      signature: MASKING_AS,
      takesNulls: true,
      run: (text: string | null, count: number, ...marks: Array<string | null>) =>
        text === null ? null : masked(text, marksOf(marks), hides(check(count))),
    },
  );
}

const CODECS: Readonly<Record<string, BufferEncoding>> = {
  hex: 'hex',
  utf8: 'utf8',
  ascii: 'latin1',
  base64: 'base64',
};

function codec(name: string): BufferEncoding {
  const found = CODECS[name.toLowerCase()];
  if (found === undefined)
    throw new RangeError(
      `Unknown encoding type '${name}'. Supported formats are 'hex', 'utf8', 'ascii', and 'base64'.`,
    );
  return found;
}

/** Hex may be written 0xAB, X'AB' or AB, with an odd digit too. */
function toBytes(text: string, encoding: string): Buffer {
  const name = codec(encoding);
  if (name !== 'hex') return Buffer.from(text, name);
  const hex = text.replace(/^0[xX]/, '').replace(/^[xX]'(.*)'$/, '$1');
  if (!/^[0-9A-Fa-f]*$/.test(hex)) throw new RangeError(`not hexadecimal: ${text}`);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
}

function fromBytes(bytes: Uint8Array, encoding: string): string {
  const text = Buffer.from(bytes).toString(codec(encoding));
  return encoding.toLowerCase() === 'hex' ? text.toUpperCase() : text;
}

const words = (text: string): string =>
  text.toLowerCase().replace(/(^|\s)(\S)/g, (_, blank: string, first: string) => blank + first.toUpperCase());

/** CHR(66) or CHR('\\u0042'). */
function chr(code: number | string): string | null {
  if (typeof code === 'number') return code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : null;
  const units = [...code.matchAll(/\\u([0-9A-Fa-f]{4})/g)];
  if (units.length === 0 || units.map(([all]) => all).join('') !== code) return null;
  return String.fromCharCode(...units.map(([, hex = '0']) => Number.parseInt(hex, 16)));
}

export const STRING_FUNCTIONS: readonly ScalarFunction[] = [
  scalar(
    'STRING',
    'UCASE',
    'The text in upper case.',
    variant(STRING_STRING, (text: string) => text.toUpperCase()),
  ),
  scalar(
    'STRING',
    'LCASE',
    'The text in lower case.',
    variant(STRING_STRING, (text: string) => text.toLowerCase()),
  ),
  scalar(
    'STRING',
    'TRIM',
    'The text without blanks at both ends.',
    variant(STRING_STRING, (text: string) => text.trim()),
  ),
  scalar(
    'STRING',
    'INITCAP',
    'The first letter of each word in upper case, the others in lower case.',
    variant(STRING_STRING, words),
  ),
  scalar(
    'STRING',
    'LEN',
    'The number of characters or bytes.',
    variant('(STRING) INTEGER', (text: string) => text.length),
    variant('(BYTES) INTEGER', (bytes: Uint8Array) => bytes.length),
  ),
  scalar(
    'STRING',
    'CONCAT',
    'All arguments one after the other; nulls are left out.',
    {
      signature: '(STRING, STRING...) STRING',
      takesNulls: true,
      run: (...texts: Array<string | null>) => texts.filter((text) => text !== null).join(''),
    },
    {
      signature: '(BYTES, BYTES...) BYTES',
      takesNulls: true,
      run: (...parts: Array<Uint8Array | null>) => Buffer.concat(parts.filter((part) => part !== null)),
    },
  ),
  scalar(
    'STRING',
    'CONCAT_WS',
    'All arguments behind the first one, with the first between them; nulls are left out.',
    {
      signature: '(STRING, STRING...) STRING',
      takesNulls: true,
      run: (separator: string | null, ...texts: Array<string | null>) =>
        separator === null ? null : texts.filter((text) => text !== null).join(separator),
    },
    {
      signature: '(BYTES, BYTES...) BYTES',
      takesNulls: true,
      run: (separator: Uint8Array | null, ...parts: Array<Uint8Array | null>) =>
        separator === null
          ? null
          : bytesOf(parts.flatMap((part) => (part === null ? [] : [charsOf(part)])).join(charsOf(separator))),
    },
  ),
  scalar(
    'STRING',
    'CHR',
    'The character of a code point, or of \\u escapes.',
    variant('(INTEGER) STRING', chr),
    variant(STRING_STRING, chr),
  ),
  scalar(
    'STRING',
    'ENCODE',
    'Text in one encoding (hex, utf8, ascii, base64) written in another.',
    variant('(STRING, STRING, STRING) STRING', (text: string, from: string, to: string) => {
      const bytes = toBytes(text, from);
      return to.toLowerCase() === 'hex' ? `0x${bytes.toString('hex')}` : bytes.toString(codec(to));
    }),
  ),
  scalar(
    'BYTES',
    'TO_BYTES',
    'The bytes of a text in hex, utf8, ascii or base64.',
    variant('(STRING, STRING) BYTES', toBytes),
  ),
  scalar(
    'BYTES',
    'FROM_BYTES',
    'Bytes as text in hex, utf8, ascii or base64.',
    variant('(BYTES, STRING) STRING', fromBytes),
  ),
  scalar(
    'BYTES',
    'INT_FROM_BYTES',
    'The 4 bytes as a number, big-endian unless told otherwise.',
    ...numberFromBytes('INTEGER', 4),
  ),
  scalar(
    'BYTES',
    'BIGINT_FROM_BYTES',
    'The 8 bytes as a number, big-endian unless told otherwise.',
    ...numberFromBytes('BIGINT', 8),
  ),
  scalar(
    'BYTES',
    'DOUBLE_FROM_BYTES',
    'The 8 bytes as a number, big-endian unless told otherwise.',
    ...numberFromBytes('DOUBLE', 8),
  ),
  scalar(
    'STRING',
    'INSTR',
    'Where a text begins in another one, from 1; 0 where it does not.',
    { signature: '(STRING, STRING) INTEGER', takesNulls: true, run: instr },
    { signature: '(STRING, STRING, INTEGER) INTEGER', takesNulls: true, run: instr },
    { signature: '(STRING, STRING, INTEGER, INTEGER) INTEGER', takesNulls: true, run: instr },
  ),
  scalar(
    'STRING',
    'LPAD',
    'The text filled up from the left, or cut, to a length.',
    variant('(STRING, INTEGER, STRING) STRING', (text: string, length: number, padding: string) =>
      pad(text, length, padding, 'left'),
    ),
    variant('(BYTES, INTEGER, BYTES) BYTES', (bytes: Uint8Array, length: number, padding: Uint8Array) =>
      bytesOf(pad(charsOf(bytes), length, charsOf(padding), 'left')),
    ),
  ),
  scalar(
    'STRING',
    'RPAD',
    'The text filled up from the right, or cut, to a length.',
    variant('(STRING, INTEGER, STRING) STRING', (text: string, length: number, padding: string) =>
      pad(text, length, padding, 'right'),
    ),
    variant('(BYTES, INTEGER, BYTES) BYTES', (bytes: Uint8Array, length: number, padding: Uint8Array) =>
      bytesOf(pad(charsOf(bytes), length, charsOf(padding), 'right')),
    ),
  ),
  scalar(
    'STRING',
    'SUBSTRING',
    'The part from a position on (1 is the first, negative ones count from the end).',
    variant('(STRING, INTEGER) STRING', substring),
    variant('(STRING, INTEGER, INTEGER) STRING', substring),
    variant('(BYTES, INTEGER) BYTES', (bytes: Uint8Array, position: number) =>
      bytesOf(substring(charsOf(bytes), position)),
    ),
    variant('(BYTES, INTEGER, INTEGER) BYTES', (bytes: Uint8Array, position: number, length: number) =>
      bytesOf(substring(charsOf(bytes), position, length)),
    ),
  ),
  scalar(
    'STRING',
    'REPLACE',
    'The text with all of one part replaced.',
    variant('(STRING, STRING, STRING) STRING', (text: string, old: string, next: string) => {
      checkReplaced(text, old, next);
      return text.replaceAll(old, () => next);
    }),
  ),
  scalar(
    'STRING',
    'SPLIT',
    'The parts of a text between a delimiter; an empty one makes characters.',
    variant('(STRING, STRING) ARRAY<STRING>', (text: string, delimiter: string) => text.split(delimiter)),
    variant('(BYTES, BYTES) ARRAY<BYTES>', (bytes: Uint8Array, delimiter: Uint8Array) =>
      charsOf(bytes).split(charsOf(delimiter)).map(bytesOf),
    ),
  ),
  scalar(
    'STRING',
    'SPLIT_TO_MAP',
    'A map of the entries between one delimiter, each the first two parts between another.',
    variant('(STRING, STRING, STRING) MAP<STRING, STRING>', (text: string, between: string, within: string) => {
      if (between === '' || within === '') return null;
      const entries = text.split(between).filter((entry) => entry.includes(within));
      return new Map(
        entries.map((entry) => {
          const [key = '', value = ''] = entry.split(within);
          return [key, value];
        }),
      );
    }),
  ),
  scalar(
    'REGULAR EXPRESSION',
    'REGEXP_EXTRACT',
    'What a pattern, or one group of it, finds first.',
    variant('(STRING, STRING) STRING', (regex: string, text: string) => pattern(regex, '').exec(text)?.[0] ?? null),
    variant(
      '(STRING, STRING, INTEGER) STRING',
      (regex: string, text: string, group: number) => pattern(regex, '').exec(text)?.[group] ?? null,
    ),
  ),
  scalar(
    'REGULAR EXPRESSION',
    'REGEXP_EXTRACT_ALL',
    'All that a pattern, or one group of it, finds.',
    variant('(STRING, STRING) ARRAY<STRING>', (regex: string, text: string) =>
      [...text.matchAll(pattern(regex, 'g'))].map(([all]) => all),
    ),
    variant('(STRING, STRING, INTEGER) ARRAY<STRING>', (regex: string, text: string, group: number) => {
      const found = [...text.matchAll(pattern(regex, 'g'))];
      return found.some((match) => group >= match.length) ? null : found.map((match) => match[group] ?? null);
    }),
  ),
  scalar(
    'REGULAR EXPRESSION',
    'REGEXP_REPLACE',
    'The text with all that a pattern finds replaced.',
    variant('(STRING, STRING, STRING) STRING', (text: string, regex: string, next: string) => {
      const found = pattern(regex, 'g');
      checkReplaced(text, found, next);
      return text.replace(found, replacement(next));
    }),
  ),
  scalar(
    'REGULAR EXPRESSION',
    'REGEXP_SPLIT_TO_ARRAY',
    'The parts of a text between what a pattern finds.',
    variant('(STRING, STRING) ARRAY<STRING>', (text: string, regex: string) =>
      text.split(pattern(regex.replace(/\((?!\?)/g, '(?:'), '')),
    ),
  ),
  scalar(
    'STRING',
    'MASK',
    'The text with letters and digits hidden.',
    variant(STRING_STRING, (text: string) => masked(text, MARKS, () => true)),
    {
      signature: '(STRING, STRING, STRING, STRING, STRING) STRING',
      takesNulls: true,
      run: (text: string | null, ...marks: Array<string | null>) =>
        text === null ? null : masked(text, marksOf(marks), () => true),
    },
  ),
  scalar(
    'STRING',
    'MD5',
    'The MD5 hash of a text or of bytes, in hexadecimal.',
    variant('(STRING) STRING', (text: string) => createHash('md5').update(text, 'utf8').digest('hex')),
    variant('(BYTES) STRING', (bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')),
  ),
  masker('MASK_LEFT', 'The first characters hidden.', (count) => (at) => at < count),
  masker('MASK_RIGHT', 'The last characters hidden.', (count) => (at, length) => at >= length - count),
  masker('MASK_KEEP_LEFT', 'All but the first characters hidden.', (count) => (at) => at >= count),
  masker('MASK_KEEP_RIGHT', 'All but the last characters hidden.', (count) => (at, length) => at < length - count),
];

function numberFromBytes(type: 'INTEGER' | 'BIGINT' | 'DOUBLE', size: number) {
  const read = (bytes: Uint8Array, order = 'BIG_ENDIAN') => {
    if (order !== 'BIG_ENDIAN' && order !== 'LITTLE_ENDIAN')
      throw new RangeError(`Byte order must be BIG_ENDIAN or LITTLE_ENDIAN`);
    if (bytes.length !== size)
      throw new RangeError(`Number of bytes must be equal to ${size}, but found ${bytes.length}`);
    const buffer = order === 'BIG_ENDIAN' ? Buffer.from(bytes) : Buffer.from(bytes).reverse();
    if (type === 'INTEGER') return buffer.readInt32BE(0);
    return type === 'BIGINT' ? buffer.readBigInt64BE(0) : buffer.readDoubleBE(0);
  };
  return [variant(`(BYTES) ${type}`, (bytes: Uint8Array) => read(bytes)), variant(`(BYTES, STRING) ${type}`, read)];
}
