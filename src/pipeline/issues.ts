import { holdsVariable, locate, nodeAt, type Tree } from './document.js';
import { type Problem, problem } from './problem.js';

/** What the spec's library says of a value, as far as we read it. */
export interface Issue {
  readonly code: string;
  readonly message: string;
  readonly path: readonly PropertyKey[];
  readonly keys?: readonly string[];
  /** Of a union: what is wrong with each of its forms. */
  readonly errors?: ReadonlyArray<readonly Issue[]>;
  /** Of a key: what is wrong with it. */
  readonly issues?: readonly Issue[];
}

/** One problem a wrong value or unknown key, each at its place. */
export function issueProblems(issue: Issue, tree: Tree): Problem[] {
  if (issue.code === 'unrecognized_keys' && issue.keys !== undefined) {
    // One problem for each unknown key, at the key itself; the spec has joined their messages.
    const messages = issue.message.split('; ');
    return issue.keys.map((key, index) =>
      problem('unknown-key', locate(tree, [...issue.path, key]), messages[index] ?? issue.message),
    );
  }
  const meant = meantForm(issue);
  if (meant !== undefined) {
    return meant.flatMap((inner) => issueProblems({ ...inner, path: [...issue.path, ...inner.path] }, tree));
  }
  const value = nodeAt(tree, issue.path);
  if (value?.kind === 'scalar' && typeof value.value === 'string' && holdsVariable(value.value)) return []; // named already
  const where = issue.path.length === 0 ? 'the file' : issue.path.map(String).join('.');
  const message = issue.code === 'invalid_key' ? (issue.issues?.[0]?.message ?? issue.message) : issue.message;
  return [problem('wrong-value', locate(tree, issue.path), `${where}: ${message}`)];
}

/** Of a union's forms the one that the user meant: of the right kind, and with the fewest faults. */
function meantForm(issue: Issue): readonly Issue[] | undefined {
  if (issue.code !== 'invalid_union' || issue.errors === undefined) return undefined;
  const faults = (form: readonly Issue[]): number =>
    form.reduce((sum, { keys }) => sum + Math.max(1, keys?.length ?? 1), 0);
  return issue.errors
    .filter(
      (form) => form.length > 0 && form.every(({ path, code }) => path.length > 0 || code === 'unrecognized_keys'),
    )
    .sort((a, b) => faults(a) - faults(b))[0];
}

const NOUNS: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  null: 'nothing',
};

/** The library's wrong types in the words of the file: "must be a list, is text". */
export function describeIssue(issue: {
  readonly code?: string | undefined;
  readonly input?: unknown;
  readonly expected?: unknown;
  readonly values?: readonly unknown[] | undefined;
  readonly origin?: string | undefined;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
}): string | undefined {
  if (issue.input === undefined && issue.code !== 'unrecognized_keys') {
    const wanted = NOUNS[String(issue.expected)];
    return wanted === undefined ? 'is missing' : `is missing; it must be ${wanted}`;
  }
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${NOUNS[String(issue.expected)] ?? String(issue.expected)}, is ${nounOf(issue.input)}`;
    case 'invalid_value':
      return `must be one of ${(issue.values ?? []).map(String).join(', ')}`;
    case 'too_small':
      return issue.origin === 'array' ? `needs ${issue.minimum} items or more` : `must be ${issue.minimum} or more`;
    case 'too_big':
      return issue.origin === 'array' ? `takes ${issue.maximum} items at most` : `must be ${issue.maximum} at most`;
    case 'invalid_union':
      return `matches none of the forms allowed here; it is ${nounOf(issue.input)}`;
    case 'invalid_format':
      return 'has the wrong form';
    default:
      return undefined;
  }
}

function nounOf(value: unknown): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isInteger(value)) return `${value}`;
  return NOUNS[typeof value] ?? typeof value;
}
