import type { SourceLocation } from '../../support/errors.js';
import type { LintContext } from '../kind.js';
import { type Problem, problem } from '../problem.js';

/** A name at a place where no namespace can be put in front of it; `todo` says how it would come there by reference. */
export function writtenOut(
  { pipeline }: LintContext,
  location: SourceLocation,
  what: string,
  todo: string,
): readonly Problem[] {
  const { namespace } = pipeline.target;
  if (namespace === undefined) return [];
  return [
    problem(
      'written-out',
      location,
      `${what} is written out: namespace ${namespace} can't be put in front of it`,
      todo,
    ),
  ];
}

/** The words of a setting that lists names. */
export const wordsOf = (text: string): readonly string[] => text.split(/[\s,;|()[\]"']+/).filter((word) => word !== '');
