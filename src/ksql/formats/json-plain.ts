import type { SqlType } from '../../protocol/ksql/types.js';
import type { Value } from '../values/value.js';

const [TAB, NEWLINE, RETURN, SPACE] = [9, 10, 13, 32];
const [QUOTE, COMMA, MINUS, DOT, COLON, BACKSLASH] = [34, 44, 45, 46, 58, 92];
const [OPEN_BRACE, CLOSE_BRACE] = [123, 125];
const [ZERO, NINE] = [48, 57];
const ASCII_MAX = 127;
/** So many digits are an exact double, and so is their quotient by a power of ten below 10^22: it is rounded once. */
const DIGITS_MAX = 15;
const POWERS = Array.from({ length: DIGITS_MAX + 1 }, (_, power) => 10 ** power);

/** So many names that no column has are remembered, if they are no longer than this. */
const OTHER_NAMES_MAX = 256;
const OTHER_NAME_BYTES_MAX = 128;

/** What a member is that no column has; as a position, that the bytes are not in plain form: the complete reader has to read, or to refuse, them. */
const NONE = -1;

/** What was found for a column. */
const [ABSENT, NULL, TRUE, FALSE, NUMBER, ASCII_TEXT, UTF8_TEXT] = [0, 1, 2, 3, 4, 5, 6];

type Kind = SqlType['kind'];

interface Field {
  readonly name: string;
  readonly type: SqlType;
}

/** A member of objects: its name with quotes and colon, the place of its column, and which one came after it the last time. */
interface Member {
  readonly name: Buffer;
  readonly place: number;
  next: Member | undefined;
}

/** Which columns are asked for: absent, all; of those, the ones that are made by `read`, where others may wait for `complete`. */
export interface Asked {
  readonly read?: ReadonlySet<string> | undefined;
  readonly first?: ReadonlySet<string> | undefined;
}

/**
 * Reads objects in the form in which nearly all records come, right from their bytes: names as they were declared, whole and
 * decimal numbers of few digits, texts without escapes, no nesting. It gives what the complete reader gives, in a fraction of
 * the time, and undefined for everything else. All bytes are looked at before a value is made.
 */
export class PlainObjects {
  private readonly kinds: readonly Kind[];
  private readonly folded: ReadonlySet<string>;
  /** Places whose values `read` makes, and those that it leaves to `complete`. */
  private readonly first: readonly number[];
  private readonly rest: readonly number[];
  private readonly members = new Map<string, Member>();
  /** Stands before the first one. */
  private readonly start: Member = { name: Buffer.alloc(0), place: NONE, next: undefined };
  private bytes: Buffer = Buffer.alloc(0);
  private isWaiting = false;
  /** Of each column: what was found, the number, and where the text lies. */
  private readonly found: Uint8Array;
  private readonly numbers: Float64Array;
  private readonly from: Int32Array;
  private readonly to: Int32Array;

  private constructor(fields: readonly Field[], { read, first }: Asked) {
    let last = this.start;
    for (const [place, { name }] of fields.entries()) {
      last.next = { name: Buffer.from(`"${name}":`, 'latin1'), place, next: undefined };
      last = last.next;
      this.members.set(name, last);
    }
    this.kinds = fields.map(({ type }) => type.kind);
    this.folded = new Set(fields.map(({ name }) => name.toUpperCase()));
    const asked = [...fields.keys()].filter((place) => read?.has(fields[place]?.name ?? '') ?? true);
    const isFirst = (place: number): boolean => first?.has(fields[place]?.name ?? '') ?? true;
    this.first = asked.filter(isFirst);
    this.rest = asked.filter((place) => !isFirst(place));
    this.found = new Uint8Array(fields.length);
    this.numbers = new Float64Array(fields.length);
    this.from = new Int32Array(fields.length);
    this.to = new Int32Array(fields.length);
  }

  /** Undefined: a name has to be escaped. Columns that are not asked for give null. */
  static of(fields: readonly Field[], asked: Asked = {}): PlainObjects | undefined {
    return fields.every(({ name }) => /^[ !#-[\]-~]+$/.test(name)) ? new PlainObjects(fields, asked) : undefined;
  }

  read(bytes: Buffer): Value[] | undefined {
    this.isWaiting = false;
    if (!this.scan(bytes)) return undefined;
    const values = new Array<Value>(this.kinds.length).fill(null);
    for (const place of this.first) values[place] = this.make(place);
    this.isWaiting = true;
    return values;
  }

  /** Puts those values in their places that the last `read` has left out. */
  complete(values: Value[]): void {
    if (this.isWaiting) for (const place of this.rest) values[place] = this.make(place);
  }

  private scan(bytes: Buffer): boolean {
    this.bytes = bytes;
    this.found.fill(ABSENT);
    let at = afterBlanks(bytes, 0);
    if (bytes[at] !== OPEN_BRACE) return false;
    for (let before = this.start; ; ) {
      at = afterBlanks(bytes, at + 1);
      let member = before.next;
      if (member === undefined || !stands(bytes, at, member.name)) {
        member = this.memberAt(bytes, at);
        if (member === undefined) return false;
        before.next = member;
      }
      before = member;
      at = this.value(bytes, afterBlanks(bytes, at + member.name.length), member.place);
      if (at === NONE) return false;
      at = afterBlanks(bytes, at);
      if (bytes[at] === COMMA) continue;
      return bytes[at] === CLOSE_BRACE && afterBlanks(bytes, at + 1) === bytes.length;
    }
  }

  /** The member whose name stands here with its colon. No column has one that is in no column's letters, whatever their case. */
  private memberAt(bytes: Buffer, at: number): Member | undefined {
    const end = bytes[at] === QUOTE ? textEnd(bytes, at) : NONE;
    if (end === NONE) return undefined;
    const colon = afterBlanks(bytes, end);
    if (bytes[colon] !== COLON) return undefined;
    const text = bytes.toString('utf8', at + 1, end - 1);
    const known = this.members.get(text);
    if (known !== undefined && colon === end) return known;
    if (known === undefined && (!ASCII.test(text) || this.folded.has(text.toUpperCase()))) return undefined;
    const name = Buffer.from(bytes.subarray(at, colon + 1));
    const member = { name, place: known?.place ?? NONE, next: undefined };
    if (known === undefined && colon === end && this.isWorthKeeping(name)) this.members.set(text, member);
    return member;
  }

  private isWorthKeeping(name: Buffer): boolean {
    return name.length <= OTHER_NAME_BYTES_MAX && this.members.size < this.kinds.length + OTHER_NAMES_MAX;
  }

  /** Where the value ends that begins here. */
  private value(bytes: Buffer, at: number, place: number): number {
    const first = bytes[at] ?? 0;
    const kind = this.kinds[place];
    if (first === QUOTE) return kind === undefined || kind === 'STRING' ? this.text(bytes, at, place) : NONE;
    if (first === MINUS || (first >= ZERO && first <= NINE)) return this.number(bytes, at, place);
    if (stands(bytes, at, NULL_WORD)) return this.word(at + NULL_WORD.length, place, NULL);
    if (kind !== undefined && kind !== 'BOOLEAN') return NONE;
    if (stands(bytes, at, TRUE_WORD)) return this.word(at + TRUE_WORD.length, place, TRUE);
    return stands(bytes, at, FALSE_WORD) ? this.word(at + FALSE_WORD.length, place, FALSE) : NONE;
  }

  private word(end: number, place: number, found: number): number {
    if (place !== NONE) this.found[place] = found;
    return end;
  }

  private text(bytes: Buffer, at: number, place: number): number {
    let all = 0;
    for (let end = at + 1; end < bytes.length; end++) {
      const byte = bytes[end] as number;
      if (byte === QUOTE) {
        if (place !== NONE) {
          this.found[place] = all > ASCII_MAX ? UTF8_TEXT : ASCII_TEXT;
          this.from[place] = at + 1;
          this.to[place] = end;
        }
        return end + 1;
      }
      if (byte === BACKSLASH || byte < SPACE) return NONE;
      all |= byte;
    }
    return NONE;
  }

  private number(bytes: Buffer, from: number, place: number): number {
    const isNegative = bytes[from] === MINUS;
    const start = isNegative ? from + 1 : from;
    let at = start;
    let digits = 0;
    let dot = -1;
    let byte = 0;
    for (; ; at++) {
      byte = bytes[at] ?? 0;
      if (byte >= ZERO && byte <= NINE) digits = digits * 10 + (byte - ZERO);
      else if (byte === DOT && dot < 0) dot = at;
      else break;
    }
    const whole = (dot < 0 ? at : dot) - start;
    const fraction = dot < 0 ? 0 : at - dot - 1;
    const isOther =
      whole === 0 || // none, or ".5"
      (whole > 1 && bytes[start] === ZERO) ||
      (dot >= 0 && fraction === 0) ||
      whole + fraction > DIGITS_MAX ||
      isExponent(byte);
    if (isOther) return NONE;
    if (place === NONE) return at;
    const kind = this.kinds[place];
    if (kind !== 'DOUBLE' && (dot >= 0 || (kind !== 'INTEGER' && kind !== 'BIGINT'))) return NONE;
    const size = fraction === 0 ? digits : digits / (POWERS[fraction] ?? Number.NaN);
    this.numbers[place] = isNegative ? -size : size;
    this.found[place] = NUMBER;
    return at;
  }

  private make(place: number): Value {
    switch (this.found[place]) {
      case NUMBER: {
        const value = this.numbers[place] as number;
        const kind = this.kinds[place];
        return kind === 'DOUBLE' ? value : kind === 'INTEGER' ? value | 0 : BigInt(value);
      }
      case ASCII_TEXT:
        return this.bytes.toString('latin1', this.from[place], this.to[place]);
      case UTF8_TEXT:
        return this.bytes.toString('utf8', this.from[place], this.to[place]);
      case TRUE:
        return true;
      case FALSE:
        return false;
      default:
        return null;
    }
  }
}

function afterBlanks(bytes: Buffer, from: number): number {
  for (let at = from; ; at++) {
    const byte = bytes[at] ?? QUOTE;
    // Nearly always there is none.
    if (byte > SPACE || (byte !== SPACE && byte !== NEWLINE && byte !== RETURN && byte !== TAB)) return at;
  }
}

/** Behind the closing quote of a text without escapes. */
function textEnd(bytes: Buffer, from: number): number {
  for (let at = from + 1; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) return at + 1;
    if (byte === BACKSLASH || byte < SPACE) return NONE;
  }
  return NONE;
}

function stands(bytes: Buffer, at: number, word: Buffer): boolean {
  for (let index = 0; index < word.length; index++) if (bytes[at + index] !== word[index]) return false;
  return true;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ASCII = /^[\x00-\x7f]*$/;

const NULL_WORD = Buffer.from('null');
const TRUE_WORD = Buffer.from('true');
const FALSE_WORD = Buffer.from('false');

/** `e` or `E`. */
const isExponent = (byte: number): boolean => (byte | 32) === 101;
