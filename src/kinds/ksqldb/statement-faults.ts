import { readFileSync } from 'node:fs';
import { ScriptChecker } from '../../ksql/check-script.js';
import { displayPath } from '../../pipeline/build.js';
import type { LintContext } from '../../pipeline/kind.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import type { SubjectSection } from '../subject/section.js';
import { ksqlFiles } from './ksql-files.js';

/**
 * What the embedded engine would refuse in the migrations: unknown columns and functions, wrong types. Another server may
 * have streams that no migration makes, and is of another version: what is found for it are warnings.
 */
export async function statementFaults(context: LintContext): Promise<readonly Problem[]> {
  const { target } = context.pipeline;
  const embedded = (target.ksqldb ?? target.base) === 'embedded';
  const checker = new ScriptChecker();
  for (const [name, schema] of declaredSchemas(context.pipeline)) checker.declareSubject(name, schema);
  const problems: Problem[] = [];
  for (const { file, statements, syntaxError } of ksqlFiles(context)) {
    // What the rest of the file would have made is not known.
    if (syntaxError !== undefined) return problems;
    for (const { statement } of statements) {
      const fault = await checker.check(statement);
      if (fault === undefined) continue;
      const place = { file: displayPath(file, context.cwd), line: fault.at.line, column: fault.at.column };
      const message = fault.message.trim().replace(/\s*\n\s*/g, ' ');
      problems.push((embedded ? problem : warning)('ksql-statement', place, message));
    }
  }
  return problems;
}

interface Schema {
  readonly schema: string;
  readonly type: string;
  readonly references: ReadonlyMap<string, string>;
}

/** The texts of declared subjects, whose references are declared, too. */
function declaredSchemas({ subjects }: Pipeline): ReadonlyMap<string, Schema> {
  const byName = new Map(subjects.map((subject) => [subject.name, subject]));
  const found = new Map<string, Schema>();
  for (const subject of subjects) {
    const references = new Map<string, string>();
    const schema = textOf(subject.file);
    if (schema === undefined || !addReferences(subject, byName, references, new Set())) continue;
    found.set(subject.name, { schema, type: subject.type, references });
  }
  return found;
}

/** Each after those it refers to itself. False where one is not declared here. */
function addReferences(
  subject: SubjectSection,
  byName: ReadonlyMap<string, SubjectSection>,
  found: Map<string, string>,
  visited: Set<string>,
): boolean {
  return subject.references.every(({ name, subject: used }) => {
    if (visited.has(used)) return true;
    visited.add(used);
    const referred = byName.get(used);
    const text = referred && textOf(referred.file);
    if (referred === undefined || text === undefined || !addReferences(referred, byName, found, visited)) return false;
    found.set(name, text);
    return true;
  });
}

/** A file that can't be read is named by the rules for subjects. */
function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
