import { basename } from 'node:path';
import { displayPath } from '../../pipeline/build.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import type { LintContext } from '../../pipeline/kind.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import type { SourceLocation } from '../../support/errors.js';
import { placeOf } from '../connector/lint/connector-views.js';
import { checkMigrationFolder } from '../database/lint.js';
import { ksqlFiles } from './ksql-files.js';

/** ksql migrations are named as they have to be and parse, and what their statements need is there. */
export function checkKsql(context: LintContext): readonly Problem[] {
  const migrations = context.pipeline.ksqldb?.migrations ?? [];
  const place = placeOf(context, 'ksqldb', 'migrations');
  return [
    ...checkMigrationFolder(migrations, place, context),
    ...migrations.flatMap((file) => ksqlName(file, place)),
    ...ksqlText(context),
  ];
}

function ksqlName(file: string, location: SourceLocation): readonly Problem[] {
  const name = basename(file);
  if (/^V\d{6}__.+\.sql$/.test(name)) return [];
  return [
    problem('migration-name', location, `${name} is not named the way ksql-migrations does: V000001__what_it_does.sql`),
  ];
}

function ksqlText(context: LintContext): readonly Problem[] {
  const subjects = context.names('schemas', 'subjects');
  const topics = context.names('topics');
  const made = new Set<string>();
  return ksqlFiles(context).flatMap(({ file, statements, syntaxError }) => {
    const shown = displayPath(file, context.cwd);
    if (syntaxError !== undefined) {
      const { message, line, column } = syntaxError;
      return [problem('ksql-syntax', { file: shown, line, column }, message.replace(/\s*\n\s*/g, ': '))];
    }
    return statements.flatMap(({ statement, effects }) => {
      const at = { file: shown, line: statement.at.line, column: statement.at.column };
      const found = effects.infersFrom
        .filter((subject) => !subjects.includes(subject) && !made.has(subject))
        .map((subject) =>
          warning(
            'columns-not-declared',
            at,
            `the columns come from subject ${subject}, which is not declared: the statement waits for the first record${didYouMean(subject, subjects)}`,
          ),
        );
      for (const subject of effects.registers) made.add(subject);
      if (effects.topic === undefined || topics.includes(effects.topic) || hasPartitions(statement)) return found;
      const message = `topic ${effects.topic} is not declared${didYouMean(effects.topic, topics)}`;
      return [
        ...found,
        warning('topic-not-declared', at, message, 'Declare it under topics, so that it is created first.'),
      ];
    });
  });
}

/** CREATE STREAM … WITH (PARTITIONS = 3) makes its topic itself. */
function hasPartitions(statement: object): boolean {
  const properties = 'with' in statement ? statement.with : undefined;
  return properties instanceof Map && properties.has('PARTITIONS');
}
