import { createContext, Script } from 'node:vm';
import { codeOf, EvpipeError } from './errors.js';

/** For one text. A pattern that needs more has no end that anybody would wait for. */
const BUDGET_MS = 250;
/** Steps that are far below the budget: no watch is needed for them, which costs 0.1 to 0.2 ms. */
const STEPS_UNWATCHED = 1_000_000;
const SHOWN_CHARS = 100;

/**
 * A regular expression from outside, which may backtrack without end. The engine looks for interruptions while it
 * backtracks, and a script with a timeout makes one. All ways to use a RegExp go through `exec`: test, replace, split, matchAll.
 * Throws EVPIPE_REGEX_TOO_SLOW.
 */
export class BoundedRegex extends RegExp {
  private stepsOf: ((chars: number) => number) | undefined;

  override exec(text: string): RegExpExecArray | null {
    this.stepsOf ??= worstCase(this.source);
    if (this.stepsOf(text.length) <= STEPS_UNWATCHED) return super.exec(text);
    try {
      return watched(() => super.exec(text));
    } catch (failure) {
      if (codeOf(failure) !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw failure;
      const shown = this.source.length > SHOWN_CHARS ? `${this.source.slice(0, SHOWN_CHARS)}…` : this.source;
      throw new EvpipeError(
        'EVPIPE_REGEX_TOO_SLOW',
        `the regular expression ${shown} took longer than ${BUDGET_MS} ms on a text of ${text.length} characters`,
        { todo: 'Write it without repetitions inside repetitions, such as (a+)+.' },
      );
    }
  }
}

/** How many steps a text may take at most: each repetition may begin and end anywhere, each option doubles the ways. */
function worstCase(source: string): (chars: number) => number {
  const bare = source.replace(/\\./gs, 'x').replace(/\[[^\]]*\]/g, 'x');
  const repetitions = bare.match(/[*+]|\{\d/g)?.length ?? 0;
  const options = bare.match(/[?|]/g)?.length ?? 0;
  if (/\)[*+{]/.test(bare)) return () => Number.POSITIVE_INFINITY;
  return (chars) => (chars + 1) ** (repetitions + 1) * 2 ** options;
}

let match: () => RegExpExecArray | null = () => null;
const context = createContext({ match: () => match() });
const script = new Script('match()');

function watched(work: () => RegExpExecArray | null): RegExpExecArray | null {
  match = work;
  try {
    return script.runInContext(context, { timeout: BUDGET_MS }) as RegExpExecArray | null;
  } finally {
    match = () => null;
  }
}
