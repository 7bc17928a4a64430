import type {
  ColumnDefinition,
  Duration,
  Expression,
  Join,
  Query,
  SelectItem,
  SourceRef,
  StatementBody,
  Window,
  WithClause,
} from './ast.js';
import { formatExpression, writeType } from './format.js';
import { AFTER_SOURCE } from './reserved.js';
import { quoteName, quoteText, writeName } from './types.js';

type Kept = Extract<StatementBody, { kind: 'create-source' | 'create-as-select' }>;

/** A statement as ksqlDB keeps it and shows it again; without its semicolon. */
export function formatCreate(statement: Kept): string {
  const { kind, type, orReplace, ifNotExists } = statement;
  const replace = orReplace ? 'OR REPLACE ' : '';
  const source = kind === 'create-source' && statement.readOnly ? 'SOURCE ' : '';
  const exists = ifNotExists ? 'IF NOT EXISTS ' : '';
  const head = `CREATE ${replace}${source}${type} ${exists}${writeName(statement.name)}`;
  const properties = formatWith(statement.with);
  if (kind === 'create-as-select') return `${head}${properties} AS ${formatQuery(statement.query)}`;
  const columns = statement.columns.length === 0 ? '' : ` (${statement.columns.map(formatColumn).join(', ')})`;
  return `${head}${columns}${properties}`;
}

/** Properties in the order of their names. */
function formatWith(clause: WithClause): string {
  if (clause.size === 0) return '';
  const properties = [...clause].sort(([a], [b]) => (a < b ? -1 : 1));
  return ` WITH (${properties.map(([key, value]) => `${key}=${formatExpression(value)}`).join(', ')})`;
}

function formatColumn(column: ColumnDefinition): string {
  const role = column.role === undefined ? '' : ` ${column.role}`;
  const header = column.header === undefined ? '' : `(${quoteText(column.header)})`;
  return `${writeName(column.name)} ${writeType(column.type)}${role}${header}`;
}

/** A line a clause, and a line a select item where there are several. */
export function formatQuery(query: Query): string {
  const items = query.select.map(formatItem);
  const select = items.length === 1 ? ` ${items[0]}` : items.map((item) => `\n  ${item}`).join(',');
  return [
    `SELECT${select}`,
    `FROM ${formatSource(query.from)}`,
    ...query.joins.map(formatJoin),
    ...(query.window === undefined ? [] : [formatWindow(query.window)]),
    ...clause('WHERE', query.where),
    ...clause('GROUP BY', ...query.groupBy),
    ...clause('PARTITION BY', ...query.partitionBy),
    ...clause('HAVING', query.having),
    ...(query.emit === undefined ? [] : [`EMIT ${query.emit}`]),
    ...(query.limit === undefined ? [] : [`LIMIT ${query.limit}`]),
  ].join('\n');
}

function clause(words: string, ...expressions: readonly (Expression | undefined)[]): string[] {
  const given = expressions.filter((each) => each !== undefined);
  return given.length === 0 ? [] : [`${words} ${given.map(formatExpression).join(', ')}`];
}

function formatItem(item: SelectItem): string {
  switch (item.kind) {
    case 'all':
      return item.source === undefined ? '*' : `${writeName(item.source)}.*`;
    case 'all-fields':
      return `${formatExpression(item.base)}->*`;
    case 'expression':
      return `${formatExpression(item.expression)}${item.alias === undefined ? '' : ` ${writeName(item.alias)}`}`;
  }
}

const formatSource = ({ name, alias }: SourceRef): string =>
  alias === undefined ? writeName(name) : `${writeName(name)} ${writeAlias(alias)}`;

const writeAlias = (alias: string): string => (AFTER_SOURCE.has(alias) ? quoteName(alias) : writeName(alias));

function formatJoin({ kind, source, within, on }: Join): string {
  const outer = kind === 'INNER' ? '' : ' OUTER';
  return `${kind}${outer} JOIN ${formatSource(source)}${within === undefined ? '' : formatWithin(within)} ON (${formatExpression(on)})`;
}

function formatWithin({ before, after, grace }: NonNullable<Join['within']>): string {
  const [first, last] = [formatDuration(before), formatDuration(after)];
  const around = first === last ? first : `(${first}, ${last})`;
  return ` WITHIN ${around}${grace === undefined ? '' : ` GRACE PERIOD ${formatDuration(grace)}`}`;
}

/** With ksqlDB's blanks, also the one behind it. */
function formatWindow(window: Window): string {
  const parts = [
    window.kind === 'SESSION' ? formatDuration(window.gap) : `SIZE ${formatDuration(window.size)}`,
    ...(window.kind === 'HOPPING' ? [`ADVANCE BY ${formatDuration(window.advance)}`] : []),
    ...(window.retention === undefined ? [] : [`RETENTION ${formatDuration(window.retention)}`]),
    ...(window.grace === undefined ? [] : [`GRACE PERIOD ${formatDuration(window.grace)}`]),
  ];
  return `WINDOW ${window.kind} ( ${parts.join(' , ')} ) `;
}

const formatDuration = ({ count, unit }: Duration): string => `${count} ${unit}`;
