import { messageOf } from '../../support/errors.js';

/** A client's regular expression over names; it has to match the whole name. */
export interface NamePattern {
  readonly source: string;
  matches(name: string): boolean;
}

/** No sensible expression is longer, and deep nesting would exhaust the compiler's stack. */
const SOURCE_LENGTH_MAX = 5_000;

/**
 * Compiles a regular expression in RE2 syntax, as Kafka does: matching takes linear time, whatever a client sends.
 * Returns what is wrong with an invalid one. The engine is loaded by the first client that needs it.
 */
export async function compileNamePattern(source: string): Promise<NamePattern | string> {
  if (source.length > SOURCE_LENGTH_MAX) return `longer than ${SOURCE_LENGTH_MAX} characters`;
  const { RE2JS } = await import('re2js');
  try {
    const compiled = RE2JS.compile(source);
    return { source, matches: (name) => compiled.matches(name) };
  } catch (failure) {
    return messageOf(failure);
  }
}
