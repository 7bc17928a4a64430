import { isTooDeepJson, JSON_DEPTH_MAX } from '../../support/json-depth.js';

/** A number that a double would not give back: its text, as it was written. */
export class JsonNumber {
  constructor(readonly text: string) {}

  /** Written without fraction and exponent. */
  get isInteger(): boolean {
    return /^-?\d+$/.test(this.text);
  }

  toString(): string {
    return this.text;
  }
}

export type Json = null | boolean | number | string | JsonNumber | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

export const isJsonObject = (json: unknown): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json) && !(json instanceof JsonNumber);

/**
 * Which numbers become JsonNumber. `value`: those whose value a double rounds. `text`: also those that would be
 * printed differently, such as 1.10, 1.0 and 1e3.
 */
export type NumberFidelity = 'value' | 'text';

/** Jackson's limit. */
const NUMBER_LENGTH_MAX = 1000;

/** Texts with none of these hold no number that could lose, so JSON.parse may read them. Strings may match, at the cost of time. */
const MAY_LOSE: Readonly<Record<NumberFidelity, RegExp>> = {
  value: /[\d.]{16}|\d[eE][+-]?\d{3}/,
  text: /[\d.]{16}|\d[eE][+-]?\d|\.\d*0(?!\d)|-0/,
};

/** JSON.parse without loss and with a bound on depth. Throws SyntaxError. */
export function parseJson(text: string, fidelity: NumberFidelity = 'value'): Json {
  if (MAY_LOSE[fidelity].test(text)) return new Parser(text, fidelity).document();
  if (isTooDeepJson(text)) throw tooDeep();
  return JSON.parse(text) as Json;
}

const QUOTE = 34;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

const tooDeep = (): SyntaxError => new SyntaxError(`JSON nests deeper than ${JSON_DEPTH_MAX} levels`);

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING_END = /["\\]/g;
const BLANK = /[ \t\r\n]*/y;

class Parser {
  private at = 0;
  private depth = 0;

  constructor(
    private readonly text: string,
    private readonly fidelity: NumberFidelity,
  ) {}

  document(): Json {
    const value = this.value();
    this.skipBlanks();
    if (this.at !== this.text.length) throw this.unexpected();
    return value;
  }

  private unexpected(): SyntaxError {
    const found = this.text[this.at];
    return new SyntaxError(
      found === undefined
        ? `Unexpected end of JSON input at position ${this.at}`
        : `Unexpected token '${found}' in JSON at position ${this.at}`,
    );
  }

  private skipBlanks(): void {
    if (this.text.charCodeAt(this.at) > 32) return;
    BLANK.lastIndex = this.at;
    BLANK.test(this.text);
    this.at = BLANK.lastIndex;
  }

  private value(): Json {
    this.skipBlanks();
    const char = this.text.charCodeAt(this.at);
    if (char === QUOTE) return this.string();
    if (char === OPEN_BRACE || char === OPEN_BRACKET) {
      if (++this.depth > JSON_DEPTH_MAX) throw tooDeep();
      this.at++;
      const value = char === OPEN_BRACE ? this.object() : this.array();
      this.depth--;
      return value;
    }
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value;
    }
    return this.number();
  }

  private number(): number | JsonNumber {
    NUMBER.lastIndex = this.at;
    const token = NUMBER.exec(this.text)?.[0];
    if (token === undefined) throw this.unexpected();
    if (token.length > NUMBER_LENGTH_MAX) {
      throw new SyntaxError(`a number of ${token.length} characters; at most ${NUMBER_LENGTH_MAX} are accepted`);
    }
    this.at += token.length;
    const number = Number(token);
    if (String(number) === token) return number;
    return this.fidelity === 'value' && holdsExactly(number, token) ? number : new JsonNumber(token);
  }

  private string(): string {
    if (this.text.charCodeAt(this.at) !== QUOTE) throw this.unexpected();
    const start = this.at;
    STRING_END.lastIndex = start + 1;
    for (let found = STRING_END.exec(this.text); found !== null; found = STRING_END.exec(this.text)) {
      if (found[0] === '\\') STRING_END.lastIndex++;
      else {
        this.at = STRING_END.lastIndex;
        return JSON.parse(this.text.slice(start, this.at)) as string;
      }
    }
    this.at = this.text.length;
    throw this.unexpected();
  }

  private array(): Json[] {
    const items: Json[] = [];
    if (this.closes(CLOSE_BRACKET)) return items;
    do items.push(this.value());
    while (this.continues(CLOSE_BRACKET));
    return items;
  }

  private object(): JsonObject {
    const object: JsonObject = {};
    if (this.closes(CLOSE_BRACE)) return object;
    do {
      this.skipBlanks();
      const name = this.string();
      this.skipBlanks();
      if (this.text[this.at] !== ':') throw this.unexpected();
      this.at++;
      const value = this.value();
      if (name === '__proto__') Object.defineProperty(object, name, { value, ...OWN });
      else object[name] = value;
    } while (this.continues(CLOSE_BRACE));
    return object;
  }

  private closes(close: number): boolean {
    this.skipBlanks();
    if (this.text.charCodeAt(this.at) !== close) return false;
    this.at++;
    return true;
  }

  /** True after a comma, false at the end. */
  private continues(close: number): boolean {
    if (this.closes(close)) return false;
    if (this.text[this.at] !== ',') throw this.unexpected();
    this.at++;
    return true;
  }
}

const OWN = { enumerable: true, configurable: true, writable: true };

const WORDS: ReadonlyArray<readonly [string, boolean | null]> = [
  ['true', true],
  ['false', false],
  ['null', null],
];

/** Doubles keep 15 significant digits; with more, the shortest text of the double must have the same digits. */
function holdsExactly(number: number, token: string): boolean {
  const wanted = significant(token);
  if (wanted.digits === '') return true; // zero
  if (!Number.isFinite(number) || number === 0) return false;
  const held = significant(String(number));
  return held.digits === wanted.digits && held.exponent === wanted.exponent;
}

/** Digits without leading and trailing zeros, and the exponent of the digit before the first. */
function significant(text: string): { readonly digits: string; readonly exponent: number } {
  const [, whole = '', fraction = '', power = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = whole + fraction;
  const first = all.search(/[1-9]/);
  if (first === -1) return { digits: '', exponent: 0 };
  return { digits: all.slice(first).replace(/0+$/, ''), exponent: whole.length - first + Number(power) };
}
