import { checkChecks, checkWays } from '../kinds/check/lint.js';
import { checkConnectorClasses } from '../kinds/connector/lint/connector-classes.js';
import { checkConnectors } from '../kinds/connector/lint/connectors.js';
import { checkTransforms } from '../kinds/connector/lint/transforms.js';
import { checkGateway } from '../kinds/gateway/lint.js';
import { type KsqlFile, readKsqlFiles } from '../kinds/ksqldb/ksql-files.js';
import { checkMigrations } from '../kinds/ksqldb/lint.js';
import { checkRabbitmq } from '../kinds/rabbitmq/lint.js';
import { checkSeeds } from '../kinds/seed/lint/seeds.js';
import { checkAddresses } from '../kinds/service/lint/addresses.js';
import { checkDualWrites } from '../kinds/service/lint/dual-write.js';
import { checkServices } from '../kinds/service/lint/services.js';
import { checkSchemas } from '../kinds/subject/lint.js';
import { checkTopics } from '../kinds/topic/lint.js';
import { keysAt, type Tree } from './document.js';
import { checkDeclared } from './lint/declared.js';
import { checkReferences } from './lint/references.js';
import { checkUnused } from './lint/unused.js';
import type { Pipeline } from './pipeline.js';
import type { Problem } from './problem.js';
import type { PipelineSpec } from './spec.js';

/** What the rules look at. */
export interface LintInput {
  readonly pipeline: Pipeline;
  readonly spec: PipelineSpec;
  /** The merged file, wrong parts included. */
  readonly tree: Tree;
  /** False where parts of the file were wrong and are missing from pipeline and spec. */
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

/** The report is sorted by place. */
const RULES: readonly Rule[] = [
  checkReferences,
  checkDeclared,
  checkTopics,
  checkSchemas,
  checkMigrations,
  checkConnectors,
  checkConnectorClasses,
  checkTransforms,
  checkServices,
  checkRabbitmq,
  checkAddresses,
  checkGateway,
  checkSeeds,
  checkChecks,
];

/** Rules about the whole data flow: where a part of it is wrong or unknown, what they would find is only its consequence. */
const FLOW_RULES: readonly Rule[] = [checkWays, checkUnused, checkDualWrites];
const FLOW_FAULTS: ReadonlySet<string> = new Set([
  'dangling-reference',
  'connector-unmade',
  'ksql-syntax',
  'file-missing',
]);

export function lint(input: LintInput): readonly Problem[] {
  const context: LintContext = {
    ...input,
    ksql: readKsqlFiles(input.pipeline),
    names: (...section) => keysAt(input.tree, section),
  };
  const problems = RULES.flatMap((rule) => rule(context));
  const whole = input.complete && !problems.some(({ severity, code }) => severity === 'error' && FLOW_FAULTS.has(code));
  return whole ? [...problems, ...FLOW_RULES.flatMap((rule) => rule(context))] : problems;
}
