import { keysAt, type Tree } from './document.js';
import type { FileKind, Use } from './kind.js';
import { checkDeclared } from './lint/declared.js';
import { checkReferences, usedByReference } from './lint/references.js';
import type { Pipeline } from './pipeline.js';
import type { Problem } from './problem.js';

/** What the rules look at. */
export interface LintInput {
  readonly pipeline: Pipeline;
  /** The merged file, wrong parts included. */
  readonly tree: Tree;
  /** False where parts of the file were wrong and are missing from the pipeline. */
  readonly complete: boolean;
  readonly cwd: string;
}

export interface LintContext extends LintInput {
  readonly kinds: readonly FileKind[];
  /** What the file declares in a section, wrong entries included. */
  names(...section: string[]): readonly string[];
  /** What something may be called that the file names as a `what`: a database, a queue. */
  known(what: string): readonly string[];
  /** Everything that the sections name of each other. */
  uses(): readonly Use[];
  /** What `$(…)` in the file refers to. */
  references(): readonly Use[];
}

/** One group of rules: looks at the whole pipeline, answers with what is wrong. */
export type Rule = (context: LintContext) => readonly Problem[];

export function lintContext(input: LintInput, kinds: readonly FileKind[]): LintContext {
  const names = Object.assign({}, ...kinds.map((kind) => kind.names)) as NonNullable<FileKind['names']>;
  const context: LintContext = {
    ...input,
    kinds,
    names: (...section) => keysAt(input.tree, section),
    known: (what) => names[what]?.(context) ?? [],
    uses: () => kinds.flatMap((kind) => kind.uses?.(context) ?? []),
    references: () => usedByReference(context),
  };
  return context;
}

/** The rules of all kinds. The report is sorted by place. */
export function lint(context: LintContext): readonly Problem[] {
  const { kinds } = context;
  const rules = [checkReferences, checkDeclared, ...kinds.flatMap((kind) => kind.rules ?? [])];
  const problems = rules.flatMap((rule) => rule(context));
  const faults = new Set(['dangling-reference', ...kinds.flatMap((kind) => kind.flowFaults ?? [])]);
  const whole = context.complete && !problems.some(({ severity, code }) => severity === 'error' && faults.has(code));
  if (!whole) return problems; // what the rules about the flow would find is only a consequence
  return [...problems, ...kinds.flatMap((kind) => kind.flowRules ?? []).flatMap((rule) => rule(context))];
}
