import { accessSync, constants } from 'node:fs';
import { basename } from 'node:path';
import { displayPath } from '../../pipeline/build.js';
import type { LintContext } from '../../pipeline/lint.js';
import { type Problem, problem, warning } from '../../pipeline/problem.js';
import type { SourceLocation } from '../../support/errors.js';

export function checkDatabases(context: LintContext): readonly Problem[] {
  return context.pipeline.databases.flatMap((one) =>
    checkMigrationFolder(one.migrations, one.locationOf('migrations'), context),
  );
}

export function unusedDatabases(context: LintContext): readonly Problem[] {
  const uses = [...context.references(), ...context.uses()];
  const used = new Set(uses.flatMap(({ what, name, idle }) => (what === 'database' && idle !== true ? [name] : [])));
  return context.pipeline.databases
    .filter(({ name }) => !used.has(name))
    .map(({ name, location }) => warning('unused', location, `database ${name} is used by nothing in this file`));
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
      const message = `${before.name} would run before ${name}: files run in the order of their names`;
      found.push(
        problem('migration-order', location, message, 'Give all versions the same number of digits: V000002, V000010.'),
      );
    }
  }
  return found;
}
