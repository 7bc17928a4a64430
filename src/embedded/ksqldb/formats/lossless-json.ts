/** A number that a double would round: its digits as written. */
export class NumberText {
  constructor(readonly text: string) {}
}

/** Digits and points in a row from which on a number may not fit into a double. Rarer than it costs to look. */
const LONG_NUMBER = /[0-9.]{16}/;

/** JSON.parse, but numbers of more than 15 digits come as NumberText. Throws SyntaxError. */
export function parseJson(text: string): unknown {
  return LONG_NUMBER.test(text) ? new Parser(text).whole() : JSON.parse(text);
}

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\]|\\.)*"/sy;
const BLANK = /[ \t\r\n]*/y;

class Parser {
  private at = 0;

  constructor(private readonly text: string) {}

  whole(): unknown {
    const value = this.value();
    this.blanks();
    if (this.at !== this.text.length) throw this.unexpected();
    return value;
  }

  private unexpected(): SyntaxError {
    return new SyntaxError(`Unexpected token at position ${this.at} in JSON`);
  }

  private blanks(): void {
    BLANK.lastIndex = this.at;
    BLANK.test(this.text);
    this.at = BLANK.lastIndex;
  }

  private value(): unknown {
    this.blanks();
    const char = this.text[this.at];
    if (char === '{') return this.object();
    if (char === '[') return this.array();
    if (char === '"') return this.string();
    for (const [word, value] of WORDS) {
      if (!this.text.startsWith(word, this.at)) continue;
      this.at += word.length;
      return value;
    }
    NUMBER.lastIndex = this.at;
    const number = NUMBER.exec(this.text)?.[0];
    if (number === undefined) throw this.unexpected();
    this.at += number.length;
    return number.length > 15 ? new NumberText(number) : Number(number);
  }

  private string(): string {
    STRING.lastIndex = this.at;
    const found = STRING.exec(this.text)?.[0];
    if (found === undefined) throw this.unexpected();
    this.at += found.length;
    return JSON.parse(found) as string;
  }

  private array(): unknown[] {
    const items: unknown[] = [];
    this.at += 1;
    this.blanks();
    if (this.text[this.at] === ']') {
      this.at += 1;
      return items;
    }
    for (;;) {
      items.push(this.value());
      if (this.separator(']')) return items;
    }
  }

  private object(): Record<string, unknown> {
    const object: Record<string, unknown> = {};
    this.at += 1;
    this.blanks();
    if (this.text[this.at] === '}') {
      this.at += 1;
      return object;
    }
    for (;;) {
      this.blanks();
      const key = this.string();
      this.blanks();
      if (this.text[this.at] !== ':') throw this.unexpected();
      this.at += 1;
      Object.defineProperty(object, key, { value: this.value(), enumerable: true, configurable: true, writable: true });
      if (this.separator('}')) return object;
    }
  }

  /** True at the end. */
  private separator(close: string): boolean {
    this.blanks();
    const char = this.text[this.at];
    this.at += 1;
    if (char === close) return true;
    if (char !== ',') throw this.unexpected();
    return false;
  }
}

const WORDS: ReadonlyArray<readonly [string, unknown]> = [
  ['true', true],
  ['false', false],
  ['null', null],
];
