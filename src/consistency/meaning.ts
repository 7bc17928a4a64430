import type { ColumnType } from './column-types.js';

/** How one pair of columns is compared; all of it can be declared per column. */
export interface Meaning {
  /** `semantic`: the same value, whatever it is written as. `strict`: the same type and the same bytes. */
  readonly compare: 'semantic' | 'strict';
  /** A pair in which one side can't hold every value of the other is compared as the narrower side would hold it. */
  readonly lossy: boolean;
  /** Numbers that differ by no more than this are equal: a decimal number. */
  readonly tolerance: string | undefined;
  /** Blanks around a text don't count. */
  readonly trim: boolean;
  readonly ignoreCase: boolean;
  /** Times are cut to milliseconds. */
  readonly milliseconds: boolean;
}

export const PLAIN_MEANING: Meaning = {
  compare: 'semantic',
  lossy: false,
  tolerance: undefined,
  trim: false,
  ignoreCase: false,
  milliseconds: false,
};

/** A value's common form: SQL over an expression. Two values are equal exactly where their forms are. */
export interface Form {
  /** As text, without loss; NULL stays NULL. */
  readonly text: (expression: string) => string;
  /**
   * The same, cheaper: of a built-in type whose binary form tells values apart exactly as the text does. Both sides of
   * a pair have the same type here.
   */
  readonly binary: (expression: string) => string;
  /** The type of the binary form; text where it is not said. */
  readonly binaryType?: string;
  /** Rows of a form are found by their column: every one of them equals the form's text cast to the column's own type. */
  readonly findable?: boolean;
  /** The form's text is not the value that is there: letters, blanks or digits are lost in it. */
  readonly alters?: boolean;
}

export interface PairOfForms {
  readonly source: Form;
  readonly replica: Form;
}

export interface Refusal {
  /** Why the pair is not compared, and what to write in the file where that is what is wanted. */
  readonly refused: string;
  readonly todo: string;
}

type Family =
  | 'integer'
  | 'numeric'
  | 'money'
  | 'float'
  | 'text'
  | 'boolean'
  | 'uuid'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'interval'
  | 'json'
  | 'bits'
  | 'array'
  | 'opaque';

const FAMILIES: ReadonlyMap<string, Family> = new Map<string, Family>([
  ['smallint', 'integer'],
  ['integer', 'integer'],
  ['bigint', 'integer'],
  ['oid', 'integer'],
  ['numeric', 'numeric'],
  ['money', 'money'],
  ['real', 'float'],
  ['double precision', 'float'],
  ['text', 'text'],
  ['character varying', 'text'],
  ['character', 'text'],
  ['bpchar', 'text'],
  ['name', 'text'],
  ['"char"', 'text'],
  ['citext', 'text'],
  ['boolean', 'boolean'],
  ['uuid', 'uuid'],
  ['date', 'date'],
  ['timestamp without time zone', 'timestamp'],
  ['timestamp with time zone', 'timestamptz'],
  ['interval', 'interval'],
  ['bit', 'bits'],
  ['bit varying', 'bits'],
  ['json', 'json'],
  ['jsonb', 'json'],
]);

export function familyOf(type: ColumnType): Family {
  if (type.isArray) return 'array';
  if (type.origin === 'enum') return 'text';
  return FAMILIES.get(lastName(type.base)) ?? 'opaque';
}

/** Extension types may come with their schema: `public.citext`. */
const lastName = (base: string): string => (/^\w+\.\w+$/.test(base) ? base.slice(base.indexOf('.') + 1) : base);

const NUMBERS: ReadonlySet<Family> = new Set<Family>(['integer', 'numeric', 'money', 'float']);
const TIMES: ReadonlySet<Family> = new Set<Family>(['date', 'timestamp', 'timestamptz']);

/** The forms under which this pair of columns is compared, or why it is not. */
export function formsOf(source: ColumnType, replica: ColumnType, meaning: Meaning): PairOfForms | Refusal {
  const misplaced = misplacedOption(source, replica, meaning);
  if (misplaced !== undefined) return misplaced;
  if (meaning.compare === 'strict') return strictForms(source, replica);
  const forms = semanticForms(source, replica, meaning);
  return 'refused' in forms ? forms : declared(forms, meaning);
}

function strictForms(source: ColumnType, replica: ColumnType): PairOfForms | Refusal {
  if (source.base !== replica.base || source.isArray !== replica.isArray) {
    return {
      refused: `${source.shown} and ${replica.shown} are different types, but compare: strict needs the same type`,
      todo: 'Leave out compare: strict to compare the values.',
    };
  }
  const form = ofType(source, asText);
  return { source: form, replica: form };
}

function semanticForms(source: ColumnType, replica: ColumnType, meaning: Meaning): PairOfForms | Refusal {
  const [a, b] = [familyOf(source), familyOf(replica)];
  const both = (form: Form): PairOfForms => ({ source: form, replica: form });
  if (NUMBERS.has(a) && NUMBERS.has(b)) return numberForms(source, replica, meaning);
  if (TIMES.has(a) && TIMES.has(b)) return timeForms(a, b);
  if (a === 'text' && b === 'text') {
    const citext = lastName(source.base) === 'citext' && lastName(replica.base) === 'citext';
    return both(citext ? { ...textForm((x) => `lower((${x})::text)`), alters: true } : findable(textForm(asText)));
  }
  if (a === 'json' && b === 'json') return both(textForm(jsonText));
  if (a === 'array' && b === 'array') return both(textForm(arrayText(source, replica)));
  if (a === 'interval' && b === 'interval') return both(textForm((x) => `justify_interval(${x})::text`));
  if (a === b && (a !== 'opaque' || lastName(source.base) === lastName(replica.base)))
    return both(source.base === replica.base ? ofType(source, asText) : textForm(asText));
  if (a === 'text' || b === 'text') return besideText(source, replica);
  if ((a === 'array' && b === 'json') || (a === 'json' && b === 'array'))
    return both(textForm((x) => jsonText(`to_jsonb(${x})`)));
  return {
    refused: `${source.shown} and ${replica.shown} have no value in common`,
    todo: `Name the source as an expression of type ${replica.shown}: { replica_column: "expression" }.`,
  };
}

const asText = (x: string): string => `(${x})::text`;
const textForm = (text: (x: string) => string): Form => ({ text, binary: text });
const findable = (form: Form): Form => ({ ...form, findable: true });

/** Types whose binary form is the value: neither scale, zone, sign of zero nor object id is in it. */
const BINARY_IS_VALUE: ReadonlySet<string> = new Set([
  'smallint',
  'integer',
  'bigint',
  'boolean',
  'uuid',
  'date',
  'timestamp without time zone',
  'timestamp with time zone',
  'time without time zone',
  'bytea',
  'text',
]);

const castTo = (type: string): Pick<Form, 'binary' | 'binaryType'> => ({
  binary: (x) => `(${x})::${type}`,
  binaryType: type,
});

function ofType(type: ColumnType, text: (x: string) => string): Form {
  const plain = type.origin === 'built-in' && !type.isArray && BINARY_IS_VALUE.has(type.base);
  // A domain's object id differs between servers, its base type's does not.
  return plain ? findable({ text, ...castTo(type.base) }) : textForm(text);
}

/** Digits that survive a float: FLT_DIG and DBL_DIG of C, which PostgreSQL documents for real and double precision. */
const FLOAT_DIGITS: ReadonlyMap<string, number> = new Map([
  ['real', 6],
  ['double precision', 15],
]);
const INTEGER_DIGITS: ReadonlyMap<string, number> = new Map([
  ['smallint', 5],
  ['integer', 10],
  ['bigint', 19],
  ['oid', 10],
]);
/** Every integer up to 2^24 is a real, up to 2^53 a double: all of smallint, all of integer. */
const EXACT_INTEGERS: ReadonlyMap<string, readonly string[]> = new Map([
  ['real', ['smallint']],
  ['double precision', ['smallint', 'integer', 'oid']],
]);

function numberForms(source: ColumnType, replica: ColumnType, { lossy, tolerance }: Meaning): PairOfForms | Refusal {
  if (tolerance !== undefined) {
    const form = textForm(numberText);
    return { source: form, replica: form };
  }
  const floats = [source, replica].filter(({ base }) => FLOAT_DIGITS.has(base));
  const [first, second] = floats;
  if (first === undefined) return { source: exactForm(source, replica), replica: exactForm(source, replica) };
  const narrow = second !== undefined && second.base === 'real' ? second : first;
  const other = narrow === source ? replica : source;
  if (!lossy && !fits(other, narrow)) {
    return {
      refused: `${narrow.shown} can't hold every value of ${other.shown}, so different numbers would look the same`,
      todo: 'Compare them as the narrower type holds them with lossy: true, or with a tolerance: 0.001.',
    };
  }
  const alike = source.base === replica.base;
  const form = (type: ColumnType): Form => {
    const own = floatForm(type, narrow.base);
    return alike ? own : textForm(own.text);
  };
  return { source: form(source), replica: form(replica) };
}

function fits(wide: ColumnType, float: ColumnType): boolean {
  if (wide.base === float.base) return true;
  if (EXACT_INTEGERS.get(float.base)?.includes(wide.base)) return true;
  const digits = wide.base === 'numeric' ? wide.digits : INTEGER_DIGITS.get(wide.base);
  return digits !== undefined && digits <= (FLOAT_DIGITS.get(float.base) ?? 0);
}

function exactForm(source: ColumnType, replica: ColumnType): Form {
  if (familyOf(source) === 'integer' && familyOf(replica) === 'integer')
    return findable({ text: asText, ...castTo('bigint') });
  // Digits and scale of both are fixed and the same: then so are the bytes.
  const alike = source.digits !== undefined && source.shown === replica.shown;
  return findable({
    text: numberText,
    binary: alike ? (x) => `(${x})::numeric` : (x) => `trim_scale((${x})::numeric)`,
    binaryType: 'numeric',
  });
}

/** 1.50 is 1.5: trim_scale would do it, and exists since PostgreSQL 13. NaN and infinities have no point. */
const numberText = (x: string): string => trimmedZeros(`(${x})::numeric::text`);
const trimmedZeros = (text: string): string =>
  `CASE WHEN strpos(${text}, '.') > 0 THEN rtrim(rtrim(${text}, '0'), '.') ELSE ${text} END`;

/** Beyond these the nearest float is infinite or zero, which a cast refuses. */
const FLOAT_RANGE: ReadonlyMap<string, { readonly max: string; readonly min: string }> = new Map([
  ['real', { max: '3.4028235e38', min: '7.1e-46' }],
  ['double precision', { max: '1.7976931348623157e308', min: '2.5e-324' }],
]);

/**
 * The nearest float to a number. A numeric becomes one by way of its digits, correctly rounded; a double becomes a real
 * by the direct cast. What the float can't hold at all stays as its digits. Zero has one sign, and so has NaN.
 */
function floatForm(type: ColumnType, base: string): Form {
  if (type.base === base) {
    return {
      text: (x) => `CASE WHEN (${x}) = 0 THEN '0' ELSE (${x})::text END`,
      binary: (x) => `(CASE WHEN (${x}) = 0 THEN 0 WHEN (${x}) = 'NaN' THEN 'NaN' ELSE (${x}) END)::${base}`,
      binaryType: base,
    };
  }
  const { max, min } = FLOAT_RANGE.get(base) ?? { max: '0', min: '0' };
  const isFloat = FLOAT_DIGITS.has(type.base);
  return textForm((x) => {
    const number = isFloat ? `(${x})::text::numeric` : `(${x})::numeric`;
    const cast = isFloat ? `(${x})::${base}` : `${number}::text::${base}`;
    const special = isFloat ? `(${x})::text` : `${number}::text`;
    return (
      `CASE WHEN ${special} IN ('NaN', 'Infinity', '-Infinity') THEN ${special} ` +
      `WHEN abs(${number}) > ${max}::numeric THEN ${trimmedZeros(`${number}::text`)} ` +
      `WHEN abs(${number}) < ${min}::numeric THEN '0' ELSE (${cast})::text END`
    );
  });
}

/** A date is its midnight, and a timestamp without zone is in UTC. Dates beyond the range of timestamps stay dates. */
function timeForms(a: Family, b: Family): PairOfForms {
  const plain = (base: string): Form => findable({ text: asText, ...castTo(base) });
  if (a === b) {
    const form = plain(a === 'date' ? 'date' : a === 'timestamp' ? 'timestamp' : 'timestamptz');
    return { source: form, replica: form };
  }
  const instant = (family: Family): Form => {
    if (family === 'timestamp') return findable(textForm(asText));
    if (family === 'timestamptz') return findable(textForm((x) => `((${x}) AT TIME ZONE 'UTC')::text`));
    return findable(
      textForm(
        (x) =>
          `CASE WHEN isfinite(${x}) AND (${x}) > date '294276-12-31' THEN (${x})::text ELSE (${x})::timestamp::text END`,
      ),
    );
  };
  return { source: instant(a), replica: instant(b) };
}

/** Zeros at the end of a fraction, as a pattern whose first group is what stays. */
const POINT_ZEROS = `'(\\.[0-9]*[1-9])0+(?![0-9])|\\.0+(?![0-9])'`;

/** Zeros after the point in jsonb's own text, outside of strings; jsonb's `=` does not see them. */
const JSON_ZEROS = `'("(?:[^"\\\\]|\\\\.)*")|(\\.[0-9]*[1-9])0+(?![0-9])|\\.0+(?![0-9])', '\\1\\2', 'g'`;
const jsonText = (x: string): string =>
  `CASE WHEN (${x})::jsonb::text ~ '\\.[0-9]*0' THEN regexp_replace((${x})::jsonb::text, ${JSON_ZEROS}) ELSE (${x})::jsonb::text END`;

function arrayText(source: ColumnType, replica: ColumnType): (x: string) => string {
  const numbers = [source, replica].every((type) => NUMBERS.has(familyOf({ ...type, isArray: false })));
  if (!numbers) return asText;
  return (x) =>
    `regexp_replace(regexp_replace((${x})::text, '(\\.[0-9]*[1-9])0+(?![0-9e])|\\.0+(?![0-9e])', '\\1', 'g'), '-0(?![0-9.])', '0', 'g')`;
}

/** A value beside a text: the text is read as that type writes it, where it can be. */
function besideText(source: ColumnType, replica: ColumnType): PairOfForms {
  const other = familyOf(familyOf(source) === 'text' ? replica : source);
  const form = (type: ColumnType): Form => {
    const isText = familyOf(type) === 'text';
    if (other === 'uuid' && isText)
      return textForm(
        (x) =>
          `CASE WHEN (${x})::text ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN lower((${x})::text) ELSE (${x})::text END`,
      );
    if (other === 'integer' || other === 'numeric' || other === 'money')
      return !isText
        ? findable(textForm(numberText))
        : textForm(
            (x) =>
              `CASE WHEN (${x})::text ~ '^-?[0-9]+(\\.[0-9]+)?$' THEN ${numberText(`(${x})::text`)} ELSE (${x})::text END`,
          );
    return isText ? textForm(asText) : ofType(type, asText);
  };
  // A text that looks like a time may be none, so rows of times are not found by casting it.
  const shared = (own: Form): Form => ({
    ...own,
    binary: own.text,
    binaryType: 'text',
    findable: own.findable === true && !TIMES.has(other),
  });
  return { source: shared(form(source)), replica: shared(form(replica)) };
}

function misplacedOption(source: ColumnType, replica: ColumnType, meaning: Meaning): Refusal | undefined {
  const families = [familyOf(source), familyOf(replica)];
  const wrong = (option: string, kind: string): Refusal => ({
    refused: `${option} is for ${kind}, and this compares ${source.shown} with ${replica.shown}`,
    todo: `Leave out ${option}.`,
  });
  if (meaning.tolerance !== undefined && !families.every((one) => NUMBERS.has(one)))
    return wrong('tolerance', 'numbers');
  if ((meaning.trim || meaning.ignoreCase) && !families.every((one) => one === 'text'))
    return wrong(meaning.trim ? 'trim' : 'case', 'texts');
  if (meaning.milliseconds && !families.every((one) => TIMES.has(one))) return wrong('precision', 'times');
  return undefined;
}

/** What is declared on top of the values' own meaning. */
function declared({ source, replica }: PairOfForms, meaning: Meaning): PairOfForms {
  const wrapped = (form: Form): Form => {
    let { text, binary } = form;
    if (meaning.trim) text = binary = chain(text, (x) => `btrim(${x}, E' \\t\\r\\n')`);
    if (meaning.ignoreCase) text = binary = chain(text, (x) => `lower(${x})`);
    if (meaning.milliseconds)
      text = binary = chain(
        text,
        (x) => `regexp_replace(regexp_replace(${x}, '(\\.[0-9]{3})[0-9]+', '\\1'), ${POINT_ZEROS}, '\\1')`,
      );
    const alters = form.alters === true || text !== form.text;
    const binaryType = binary === form.binary ? form.binaryType : undefined;
    return {
      ...{ text, binary, findable: form.findable === true && !alters, alters },
      ...(binaryType === undefined ? {} : { binaryType }),
    };
  };
  return { source: wrapped(source), replica: wrapped(replica) };
}

const chain =
  (first: (x: string) => string, then: (x: string) => string) =>
  (x: string): string =>
    then(first(x));

/** Is the difference of two decimal numbers, as `numberText` writes them, within the tolerance? */
export function withinTolerance(a: string, b: string, tolerance: string): boolean {
  if (a === b) return true;
  const numbers = [a, b, tolerance].map(decimal);
  const [x, y, limit] = numbers;
  if (x === undefined || y === undefined || limit === undefined) return false;
  const scale = Math.max(x.scale, y.scale, limit.scale);
  const at = ({ digits, scale: own }: Decimal): bigint => digits * 10n ** BigInt(scale - own);
  const difference = at(x) - at(y);
  return (difference < 0n ? -difference : difference) <= at(limit);
}

interface Decimal {
  readonly digits: bigint;
  readonly scale: number;
}

function decimal(text: string): Decimal | undefined {
  const match = /^(-?\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return undefined;
  const [, whole = '', part = ''] = match;
  return { digits: BigInt(`${whole}${part}`), scale: part.length };
}
