import type { LintContext } from '../lint.js';
import { type Problem, problem } from '../problem.js';
import { placeOf } from './connector-views.js';

/** What the format has and evpipe does not carry out yet. A file that passes lint runs, whole: delete a line here when its part lands. */
export function checkNotYet(context: LintContext): readonly Problem[] {
  const { spec } = context;
  const seeds = Object.entries(spec.seed).flatMap(([name, seed]) => ('service' in seed ? [] : [['seed', name]]));
  return seeds.map((path) =>
    problem(
      'not-yet',
      placeOf(context, ...path),
      `${path.join('.')}: evpipe does not carry this out yet`,
      'Take it out of the file for now.',
    ),
  );
}
