import { accessSync, constants } from 'node:fs';
import { basename } from 'node:path';
import { displayPath } from '../../pipeline/build.js';
import { didYouMean } from '../../pipeline/did-you-mean.js';
import type { LintContext } from '../../pipeline/lint.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import type { SourceLocation } from '../../support/errors.js';
import { placeOf } from '../connector/lint/connector-views.js';

/** Migrations run in the order that their names mean; ksql parses, and what its statements need is there. */
export function checkMigrations(context: LintContext): readonly Problem[] {
  const { pipeline } = context;
  return [
    ...pipeline.databases.flatMap((one) => folder(one.migrations, one.locationOf('migrations'), context)),
    ...folder(pipeline.ksqldb?.migrations ?? [], placeOf(context, 'ksqldb', 'migrations'), context),
    ...(pipeline.ksqldb?.migrations ?? []).flatMap((file) => ksqlName(file, placeOf(context, 'ksqldb', 'migrations'))),
    ...ksqlText(context),
  ];
}

const versionOf = (file: string): bigint | undefined => {
  const [, digits] = /^V?(\d{1,18})/i.exec(basename(file)) ?? [];
  return digits === undefined ? undefined : BigInt(digits);
};

function folder(files: readonly string[], location: SourceLocation, { cwd }: LintContext): readonly Problem[] {
  const found: Problem[] = files.flatMap((file) => {
    try {
      accessSync(file, constants.R_OK);
      return [];
    } catch {
      return [problem('file-missing', location, `${displayPath(file, cwd)} can't be read`)];
    }
  });
  const versions = files.map((file) => ({ name: basename(file), version: versionOf(file) }));
  for (const [index, { name, version }] of versions.entries()) {
    const before = versions[index - 1];
    if (before?.version === undefined || version === undefined) continue;
    if (version === before.version) {
      found.push(problem('migration-order', location, `${before.name} and ${name} have the same version`));
    } else if (version < before.version) {
      const message = `${before.name} would run before ${name}: they run in the order of their names`;
      found.push(
        problem('migration-order', location, message, 'Give all versions the same number of digits: V000002, V000010.'),
      );
    }
  }
  return found;
}

function ksqlName(file: string, location: SourceLocation): readonly Problem[] {
  const name = basename(file);
  if (/^V\d{6}__.+\.sql$/.test(name)) return [];
  return [
    problem(
      'migration-name',
      location,
      `${name} is not named as ksql-migrations names them: V000001__what_it_does.sql`,
    ),
  ];
}

function ksqlText(context: LintContext): readonly Problem[] {
  const subjects = context.names('schemas', 'subjects');
  const topics = context.names('topics');
  const made = new Set<string>();
  return context.ksql.flatMap(({ file, statements, syntaxError }) => {
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
            `the columns come from subject ${subject}, which is not declared: the statement waits for a first record${didYouMean(subject, subjects)}`,
          ),
        );
      for (const subject of effects.registers) made.add(subject);
      if (effects.topic === undefined || topics.includes(effects.topic) || hasPartitions(statement)) return found;
      const message = `topic ${effects.topic} is not declared${didYouMean(effects.topic, topics)}`;
      return [
        ...found,
        warning('topic-not-declared', at, message, 'Declare it under topics, so that it is there first.'),
      ];
    });
  });
}

/** CREATE STREAM … WITH (PARTITIONS = 3) makes its topic itself. */
function hasPartitions(statement: object): boolean {
  const properties = 'with' in statement ? statement.with : undefined;
  return properties instanceof Map && properties.has('PARTITIONS');
}
