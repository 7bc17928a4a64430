import { keysAt, type Tree } from './document.js';
import { type KsqlFile, readKsqlFiles } from './ksql-files.js';
import type { Pipeline } from './pipeline.js';
import type { Problem } from './problem.js';
import type { PipelineSpec } from './spec.js';

/** What the rules look at. */
export interface LintInput {
  readonly pipeline: Pipeline;
  readonly spec: PipelineSpec;
  /** The merged file, wrong parts included. */
  readonly tree: Tree;
  /** False where parts of the file were wrong and are missing from pipeline and spec: what needs all of them keeps silent. */
  readonly complete: boolean;
  readonly cwd: string;
}

export interface LintContext extends LintInput {
  readonly ksql: readonly KsqlFile[];
  /** What the file declares in a section, wrong entries included. */
  names(...section: string[]): readonly string[];
}

/** One group of rules: looks at the whole pipeline, answers with what is wrong. */
export type Rule = (context: LintContext) => readonly Problem[];

/** Every rule; the report is sorted by place. */
const RULES: readonly Rule[] = [];

export function lint(input: LintInput): readonly Problem[] {
  const context: LintContext = {
    ...input,
    ksql: readKsqlFiles(input.pipeline),
    names: (...section) => keysAt(input.tree, section),
  };
  return RULES.flatMap((rule) => rule(context));
}
