import { readFileSync } from 'node:fs';
import type { LintContext } from '../../pipeline/kind.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import type { Statement } from '../../protocol/ksql/ast.js';
import { type StatementEffects, statementEffects } from '../../protocol/ksql/effects.js';
import { parseStatements } from '../../protocol/ksql/parse.js';
import { KsqlSyntaxError } from '../../protocol/ksql/position.js';
import { inNamespace } from './namespace.js';

export interface KsqlStatement {
  readonly statement: Statement;
  readonly effects: StatementEffects;
}

/** A ksql migration as far as it can be understood offline. */
export interface KsqlFile {
  /** Absolute. */
  readonly file: string;
  readonly text: string;
  readonly statements: readonly KsqlStatement[];
  /** Where its parsing ended, 1-based. */
  readonly syntaxError: { readonly message: string; readonly line: number; readonly column: number } | undefined;
}

/** Reads and parses the ksql migrations in order. A file that went away in between counts as empty: who runs it will say so. */
export function readKsqlFiles(pipeline: Pick<Pipeline, 'ksqldb' | 'namespace' | 'names'>): readonly KsqlFile[] {
  const files = pipeline.ksqldb?.migrations ?? [];
  const texts = inNamespace(files.map(textOf), pipeline);
  return files.map((file, index) => parseKsqlFile(file, texts[index] ?? ''));
}

/** Their texts as they stand in the files. */
export const writtenTexts = (pipeline: Pick<Pipeline, 'ksqldb'>): readonly Pick<KsqlFile, 'file' | 'text'>[] =>
  (pipeline.ksqldb?.migrations ?? []).map((file) => ({ file, text: textOf(file) }));

const read = new WeakMap<LintContext, readonly KsqlFile[]>();

/** The ksql files as every rule of one lint run sees them. */
export function ksqlFiles(context: LintContext): readonly KsqlFile[] {
  const files = read.get(context) ?? readKsqlFiles(context.pipeline);
  read.set(context, files);
  return files;
}

export function parseKsqlFile(file: string, text: string): KsqlFile {
  try {
    const statements = parseStatements(text).map((statement) => ({ statement, effects: statementEffects(statement) }));
    return { file, text, statements, syntaxError: undefined };
  } catch (failure) {
    if (!(failure instanceof KsqlSyntaxError)) throw failure;
    const { detail, line, column } = failure;
    return { file, text, statements: [], syntaxError: { message: detail, line, column } };
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
