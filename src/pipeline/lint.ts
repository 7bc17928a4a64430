import { keysAt } from './document.js';
import type { FileKind, LintContext, LintInput, Use } from './kind.js';
import { checkDeclared } from './lint/declared.js';
import { checkReferences, usedByReference } from './lint/references.js';
import { type Problem, placeOrder } from './problem.js';

export function lintContext(input: LintInput, kinds: readonly FileKind[]): LintContext {
  const names: NonNullable<FileKind['names']> = Object.assign({}, ...kinds.map((kind) => kind.names));
  // Many rules ask, of a file that does not change meanwhile.
  const known = new Map<string, readonly string[]>();
  let uses: readonly Use[] | undefined;
  let references: readonly Use[] | undefined;
  const context: LintContext = {
    ...input,
    kinds,
    names: (...section) => keysAt(input.tree, section),
    known: (what) => {
      const found = known.get(what) ?? names[what]?.(context) ?? [];
      known.set(what, found);
      return found;
    },
    isOpen: (what) => !input.complete && (context.known(what).length === 0 || isUnread(what)),
    uses: () => {
      uses ??= kinds.flatMap((kind) => kind.uses?.(context) ?? []);
      return uses;
    },
    references: () => {
      references ??= usedByReference(context);
      return references;
    },
  };
  /** True where a section that declares such names is not there: it may be the one that can't be read. */
  function isUnread(what: string): boolean {
    let isEmpty = false;
    names[what]?.({
      ...context,
      names: (...section) => {
        const found = context.names(...section);
        isEmpty ||= section.length === 1 && found.length === 0;
        return found;
      },
    });
    return isEmpty;
  }
  return context;
}

/** A name that is declared nowhere is one mistake, wherever it is used: the first place is told, with the others in its message. */
function oncePerName(problems: readonly Problem[]): readonly Problem[] {
  const nameOf = ({ message }: Problem): string => message.replace(/^\$\([^)]*\): /, '');
  const dangling = new Map<string, Problem[]>();
  for (const one of problems)
    if (one.code === 'dangling-reference') dangling.set(nameOf(one), [...(dangling.get(nameOf(one)) ?? []), one]);
  const first = [...dangling.values()].flatMap((same) => {
    const [one, ...others] = [...same].sort((a, b) => placeOrder(a.location, b.location));
    if (one === undefined || others.length === 0) return same;
    const at = others
      .slice(0, PLACES_MAX)
      .map(({ location: { file, line, column } }) =>
        file === one.location.file ? `${line}:${column}` : `${file}:${line}:${column}`,
      );
    const more = others.length > PLACES_MAX ? ` and ${others.length - PLACES_MAX} more` : '';
    return [{ ...one, message: `${one.message} (also at ${at.join(', ')}${more})` }];
  });
  return [...problems.filter(({ code }) => code !== 'dangling-reference'), ...first];
}

const PLACES_MAX = 5;

/** The rules of all kinds. The report is sorted by place. */
export function lint(context: LintContext): readonly Problem[] {
  const { kinds } = context;
  const rules = [checkReferences, checkDeclared, ...kinds.flatMap((kind) => kind.rules ?? [])];
  const problems = oncePerName(rules.flatMap((rule) => rule(context)));
  const faults = new Set(['dangling-reference', ...kinds.flatMap((kind) => kind.flowFaults ?? [])]);
  const whole = context.complete && !problems.some(({ severity, code }) => severity === 'error' && faults.has(code));
  if (!whole) return problems; // what the rules about the flow would find is only a consequence
  return [...problems, ...kinds.flatMap((kind) => kind.flowRules ?? []).flatMap((rule) => rule(context))];
}
