import type { Pipeline } from './pipeline.js';
import type { Problem } from './problem.js';

/** One group of rules: looks at the whole pipeline, answers with what is wrong. */
export type Rule = (pipeline: Pipeline, cwd: string) => readonly Problem[];

/** Every rule, in the order in which they run; the report is sorted by place anyhow. */
const RULES: readonly Rule[] = [];

export function lint(pipeline: Pipeline, cwd: string): readonly Problem[] {
  return RULES.flatMap((rule) => rule(pipeline, cwd));
}
