import { displayPath } from '../../../pipeline/build.js';
import { locate, nodeAt } from '../../../pipeline/document.js';
import type { LintContext } from '../../../pipeline/kind.js';
import type { SourceLocation } from '../../../support/errors.js';
import { type KsqlFile, ksqlFiles } from '../../ksqldb/ksql-files.js';
import { type ConnectorConfig, POSTGRES_SOURCE } from '../connector-flow.js';

/** A connector of the file or of a ksql migration, with the place of each of its options. */
export interface ConnectorView {
  readonly name: string;
  readonly config: ConnectorConfig;
  readonly location: SourceLocation;
  locationOf(option: string): SourceLocation;
  /** Did the user write this option out, with its value in clear? */
  inClear(option: string): boolean;
}

/** Connectors made by migrations come without anything filled in: every option of theirs is in the SQL. */
export function connectorViews(context: LintContext): readonly ConnectorView[] {
  const { pipeline, tree, cwd } = context;
  const declared = pipeline.connectors.flatMap(({ name, config, written, location, locationOf }) => {
    if (config === undefined) return [];
    const inClear = (option: string): boolean => {
      const node = nodeAt(tree, ['connectors', name, 'config', option]);
      return written[option] !== undefined && !(node?.kind === 'scalar' && node.fromEnvironment === true);
    };
    return [{ name, config, location, locationOf: (option: string) => locationOf('config', option), inClear }];
  });
  return [...declared, ...ksqlFiles(context).flatMap((file) => madeByKsql(file, cwd))];
}

export const isPostgres = ({ config }: Pick<ConnectorView, 'config'>): boolean =>
  config['connector.class'] === POSTGRES_SOURCE;

export function madeByKsql({ file, statements }: KsqlFile, cwd: string): readonly ConnectorView[] {
  const shown = displayPath(file, cwd);
  return statements.flatMap(({ statement, effects: { creates } }) => {
    if (creates?.kind !== 'connector') return [];
    const { line, column } = statement.at;
    const location = { file: shown, line, column };
    const locationOf = (option: string): SourceLocation => {
      const before = statement.text.slice(0, Math.max(0, statement.text.indexOf(`'${option}'`)));
      const lines = before.split('\n');
      const last = lines.at(-1)?.length ?? 0;
      return lines.length === 1
        ? { ...location, column: column + last }
        : { ...location, line: line + lines.length - 1, column: last + 1 };
    };
    return [{ name: creates.name, config: creates.config, location, locationOf, inClear: () => true }];
  });
}

/** Where something of a section is; `path` begins with the section's name. */
export function placeOf({ tree }: LintContext, ...path: string[]): SourceLocation {
  return locate(tree, path);
}
