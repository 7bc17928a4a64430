import { accessSync, constants, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { displayPath } from '../../pipeline/build.js';
import type { LintContext } from '../../pipeline/kind.js';
import { writtenOut } from '../../pipeline/lint/written-out.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import type { SourceLocation } from '../../support/errors.js';

export function checkDatabases(context: LintContext): readonly Problem[] {
  return context.pipeline.databases.flatMap((one) =>
    checkMigrationFolder(one.migrations, one.locationOf('migrations'), context),
  );
}

/** On one server each database has a name of its own; what has an address may be anywhere. */
export function checkNames({ pipeline: { databases, target } }: LintContext): readonly Problem[] {
  const placed = databases.filter(({ name }) => typeof target.databases?.[name] !== 'object');
  return placed.flatMap((one, index) => {
    const other = placed
      .slice(0, index)
      .find((before) => before.server === one.server && before.database === one.database);
    if (other === undefined) return [];
    const message = `databases ${other.name} and ${one.name} are both called ${one.database} on the same server`;
    return [
      problem(
        'database-name',
        one.locationOf('name'),
        message,
        'Give one of them another name, or a server of its own.',
      ),
    ];
  });
}

/** Roles that applications have fixed: those of evpipe and of PostgreSQL itself are taken, and a server has each once. */
export function checkRoles({ pipeline: { databases } }: LintContext): readonly Problem[] {
  return databases.flatMap(({ server, roles, locationOf }, index) =>
    Object.entries(roles).flatMap(([role, password]) => {
      const at = locationOf('roles', role);
      if (role === 'postgres' || role.startsWith('pg_') || role.includes('/')) {
        const message = `role ${role} can’t be an application’s: it is PostgreSQL’s or evpipe’s own`;
        return [problem('role-reserved', at, message)];
      }
      const other = databases
        .slice(0, index)
        .find((one) => one.server === server && ![undefined, password].includes(one.roles[role]));
      if (other === undefined) return [];
      const message = `role ${role} has another password in database ${other.name}, on the same server`;
      return [problem('role-password', at, message)];
    }),
  );
}

/** A topic's name as a whole text of SQL: a trigger's, or a column's default. */
export function checkWrittenTopics(context: LintContext): readonly Problem[] {
  const { pipeline, cwd } = context;
  if (pipeline.target.namespace === undefined) return [];
  const topics = context.names('topics');
  return pipeline.databases.flatMap(({ migrations }) =>
    migrations.filter(isReadable).flatMap((file) =>
      readFileSync(file, 'utf8')
        .split('\n')
        .flatMap((line, index) =>
          topics
            .filter((topic) => line.includes(`'${topic}'`))
            .flatMap((topic) => {
              const column = line.indexOf(`'${topic}'`) + 1;
              const place = { file: displayPath(file, cwd), line: index + 1, column };
              return writtenOut(context, place, `topic ${topic}`, `Write '$(topics.${topic}.name)'.`);
            }),
        ),
    ),
  );
}

export function unusedDatabases(context: LintContext): readonly Problem[] {
  const uses = [...context.references(), ...context.uses()];
  const used = new Set(uses.flatMap(({ what, name, idle }) => (what === 'database' && idle !== true ? [name] : [])));
  return (
    context.pipeline.databases
      // What logs in by a fixed role refers to nothing.
      .filter(({ name, roles }) => !used.has(name) && Object.keys(roles).length === 0)
      .map(({ name, location }) => warning('unused', location, `database ${name} is used by nothing in this file`))
  );
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

const versionOf = (file: string): bigint | undefined => {
  const [, digits] = /^V?(\d{1,18})/i.exec(basename(file)) ?? [];
  return digits === undefined ? undefined : BigInt(digits);
};

/** Migrations can be read, and run in the order that their names mean. */
export function checkMigrationFolder(
  files: readonly string[],
  location: SourceLocation,
  { cwd }: LintContext,
): readonly Problem[] {
  const found: Problem[] = files.flatMap((file) => {
    return isReadable(file) ? [] : [problem('file-missing', location, `${displayPath(file, cwd)} can't be read`)];
  });
  const versions = files.map((file) => ({ name: basename(file), version: versionOf(file) }));
  for (const [index, { name, version }] of versions.entries()) {
    const before = versions[index - 1];
    if (before?.version === undefined || version === undefined) continue;
    if (version === before.version) {
      found.push(problem('migration-order', location, `${before.name} and ${name} have the same version`));
    } else if (version < before.version) {
      const message = `${before.name} would run before ${name}: files run in the order of their names`;
      found.push(
        problem('migration-order', location, message, 'Give all versions the same number of digits: V000002, V000010.'),
      );
    }
  }
  return found;
}
