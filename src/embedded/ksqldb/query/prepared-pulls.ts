import type { Expression, StatementOf } from '../../../protocol/ksql/ast.js';
import type { Pull } from './held-rows.js';

/** Programs that ask again and again have a few texts each, and short ones. */
const PREPARED_MAX = 1_000;
const TEXT_CHARS_MAX = 4_096;

/** Any integer of so many digits is a BIGINT. */
const INTEGER_DIGITS_MAX = 18;

type Equality = Extract<Expression, { kind: 'comparison' }>;
type Literal = Extract<Expression, { kind: 'string' | 'integer' }>;

interface Prepared {
  readonly where: Equality;
  readonly pull: (where: Equality) => Pull;
}

/**
 * Pull queries by key, SELECT … WHERE K = 'a'; by their text before the key. One that differs from an earlier one only in its key is
 * neither parsed nor planned again: that would take most of its time, and nine tenths of the objects that it makes.
 */
export class PreparedPulls {
  private readonly byText = new Map<string, Prepared>();

  /** Undefined: the statement has to be parsed. */
  find(sql: string): Pull | undefined {
    if (this.byText.size === 0 || sql.length > TEXT_CHARS_MAX || !sql.endsWith(';')) return undefined;
    const end = sql.length - 1;
    const at = literalAt(sql, end);
    const prepared = this.byText.get(sql.slice(0, at));
    if (prepared === undefined) return undefined;
    const literal = readLiteral(sql.slice(at, end), prepared.where.right);
    const pull = literal && prepared.pull({ ...prepared.where, right: literal });
    return pull?.isOneKey === true ? pull : undefined;
  }

  /** Keeps a pull query where its text ends with the key that its WHERE asks for, and that is the only thing it asks for. */
  keep({ query, text, at }: StatementOf<'select'>, pull: (where: Equality) => Pull): void {
    const { where } = query;
    if (where?.kind !== 'comparison' || where.operator !== '=' || where.left.kind !== 'column') return;
    const before = where.right.at.offset - at.offset;
    if (text.length >= TEXT_CHARS_MAX || before !== literalAt(text, text.length)) return;
    if (readLiteral(text.slice(before), where.right) === undefined) return;
    if (this.byText.size >= PREPARED_MAX) this.byText.clear();
    this.byText.set(text.slice(0, before), { where, pull });
  }

  /** What the plans were made of may have changed. */
  clear(): void {
    this.byText.clear();
  }
}

/** Where the string or the digits begin that end there. What is before it decides whether it is one literal; `keep` asks the parser. */
function literalAt(text: string, end: number): number {
  let at = end - 1;
  if (text[at] === QUOTE) {
    at = text.lastIndexOf(QUOTE, at - 1);
    while (at > 0 && text[at - 1] === QUOTE) at = text.lastIndexOf(QUOTE, at - 2);
    return at;
  }
  while (at >= 0 && isDigit(text.charCodeAt(at))) at -= 1;
  return at + 1;
}

/** A literal of the same kind as another one; undefined where it is none. */
function readLiteral(text: string, { kind, at }: Expression): Literal | undefined {
  if (kind === 'string' && text.length > 1 && text.startsWith(QUOTE))
    return { kind, at, value: text.slice(1, -1).replaceAll("''", QUOTE) };
  if (kind === 'integer' && isDigit(text.charCodeAt(0)) && text.length <= INTEGER_DIGITS_MAX)
    return { kind, at, value: BigInt(text) };
  return undefined;
}

const QUOTE = "'";
const isDigit = (code: number): boolean => code >= 48 && code <= 57;
