import { StatementError } from '../statement-error.js';

/** A bare name that several sources have. */
export function ambiguous(name: string, sources: readonly string[]): StatementError {
  const sides = [...new Set(sources)].map((source) => `${source}.${name}`).sort();
  return new StatementError(`Column '${name}' is ambiguous. Could be ${sides.join(' or ')}.`);
}
