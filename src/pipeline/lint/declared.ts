import { didYouMean } from '../did-you-mean.js';
import { locate } from '../document.js';
import type { LintContext } from '../kind.js';
import { type Problem, problem } from '../problem.js';

/** Every name that one section takes from another is declared there. */
export function checkDeclared(context: LintContext): readonly Problem[] {
  return context.uses().flatMap(({ what, name, at }) => {
    const known = context.known(what);
    if (known.includes(name) || context.isOpen(what)) return [];
    const message = `there is no ${what} ${name}${didYouMean(name, known)}`;
    return [problem('dangling-reference', locate(context.tree, at), message)];
  });
}
