/** Why a value can't be taken; a sentence without its subject: "must be a day as YYYY-MM-DD". */
export class Problem {
  constructor(readonly message: string) {}
}

/** One column of an entity: how a value is taken from JSON or a form, and how the admin site asks for it. */
export interface Field<Value> {
  /** Set by the service, never by a request. */
  readonly readOnly: boolean;
  /** What an update writes into it by itself, as SQL. */
  readonly onUpdate?: string;
  /** How its column looks in a list: to the right, or in small fixed width. */
  readonly look?: 'number' | 'id';
  /** Attributes of its <input>. */
  readonly input: Readonly<Record<string, string>>;
  parse(value: unknown): Value | Problem;
}

// biome-ignore lint/suspicious/noExplicitAny: the value's type is taken back out of the field by ValueOf
export type Fields = Readonly<Record<string, Field<any>>>;

export type ValueOf<F> = F extends Field<infer Value> ? Value : never;

export interface TextOptions {
  /** In characters; default 100. */
  readonly max?: number;
}

/** A line of text, trimmed, not empty. */
export function text({ max = 100 }: TextOptions = {}): Field<string> {
  return {
    readOnly: false,
    input: { type: 'text', maxlength: String(max), required: '' },
    parse(value) {
      if (typeof value !== 'string') return new Problem('must be text');
      const trimmed = value.trim();
      if (trimmed === '') return new Problem('must not be empty');
      if (trimmed.length > max) return new Problem(`must not be longer than ${max} characters`);
      if (trimmed.includes('\0')) return new Problem('must not contain a NUL character'); // PostgreSQL's text can't
      return trimmed;
    },
  };
}

/** A whole number that JSON carries exactly. */
export function integer(): Field<number> {
  return {
    readOnly: false,
    look: 'number',
    input: { type: 'number', step: '1', required: '' },
    parse(value) {
      const number = typeof value === 'string' && /^\s*[+-]?\d+\s*$/.test(value) ? Number(value) : value;
      return Number.isSafeInteger(number) ? (number as number) : new Problem('must be a whole number');
    },
  };
}

/** Yes or no: true or false in JSON, the same words in a form. */
export function flag(): Field<boolean> {
  return {
    readOnly: false,
    input: { type: 'text', pattern: 'true|false', placeholder: 'true or false', required: '' },
    parse(value) {
      if (typeof value === 'boolean') return value;
      return value === 'true' || value === 'false' ? value === 'true' : new Problem('must be true or false');
    },
  };
}

/** A day as text, YYYY-MM-DD. It is never made a Date, so that no time zone can move it. */
export function date(): Field<string> {
  return {
    readOnly: false,
    input: { type: 'date', required: '' },
    parse(value) {
      const problem = new Problem('must be a day as YYYY-MM-DD');
      if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value) || value < '0001') return problem;
      const day = new Date(`${value}T00:00:00Z`);
      return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value) ? value : problem;
    },
  };
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** A UUID of any version, in lower case. */
export function uuid(): Field<string> {
  return {
    readOnly: false,
    look: 'id',
    input: { type: 'text', maxlength: '36', required: '', spellcheck: 'false', autocomplete: 'off' },
    parse(value) {
      const lower = typeof value === 'string' ? value.trim().toLowerCase() : '';
      return UUID.test(lower) ? lower : new Problem('must be a UUID');
    },
  };
}

/** A time that the database sets: when the row was made (its column has a default), or when it was last changed. */
export function timestamp(of: 'created' | 'changed'): Field<Date> {
  return {
    readOnly: true,
    ...(of === 'changed' ? { onUpdate: 'now()' } : {}),
    input: {},
    parse: () => new Problem('is set by the service'),
  };
}

/** A value that the database sets: when the row is made (its column has a default), and with every update where SQL is given. */
export function generated<Value>(onUpdate?: string): Field<Value> {
  return {
    readOnly: true,
    ...(onUpdate === undefined ? {} : { onUpdate }),
    input: {},
    parse: () => new Problem('is set by the service'),
  };
}
