import type { Expression, Query, SelectItem } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import { compile } from '../expressions/compile.js';
import type { CompileContext } from '../expressions/compiled.js';
import { failAt, StatementError } from '../statement-error.js';
import type { Relation } from './relation.js';

/** One column of the output, before it is known whether it is in key or value. */
export interface Selected {
  readonly name: string;
  readonly expression: Expression;
}

interface Item {
  /** Undefined: one is generated. */
  readonly name: string | undefined;
  readonly expression: Expression;
}

type Names = Pick<Relation, 'stars' | 'nameOf' | 'key'>;

/** Replaces stars, gives every expression its name. Throws for two of one name. */
export const expandSelect = (query: Query, relation: Names, context: CompileContext): Selected[] =>
  expandItems(query, relation, context).flat();

/** The same by items of the select list. */
export function expandItems(query: Query, relation: Names, context: CompileContext): Selected[][] {
  const ofSources = new Set(relation.stars.flatMap(({ columns }) => columns));
  const fieldName = fieldNames(ofSources);
  const items = query.select.map((item): Item[] => {
    if (item.kind === 'all') return expandStar(item, query, relation, fieldName);
    if (item.kind === 'all-fields') return expandFields(item, context);
    return [{ name: item.alias ?? ownName(item.expression, relation, fieldName), expression: item.expression }];
  });
  const named = withGeneratedNames(items.flat(), ofSources);
  const seen = new Set<string>();
  for (const { name } of named) {
    if (seen.has(name)) throw new StatementError(`The projection contains a duplicate output field name: \`${name}\`.`);
    seen.add(name);
  }
  return items.map(({ length }) => named.splice(0, length));
}

function withGeneratedNames(items: readonly Item[], ofSources: ReadonlySet<string>): Selected[] {
  const taken = new Set([...ofSources, ...items.flatMap(({ name }) => (name === undefined ? [] : [name]))]);
  let next = 0;
  return items.map(({ name, expression }) => {
    if (name !== undefined) return { name, expression };
    while (taken.has(`KSQL_COL_${next}`)) next += 1;
    const generated = `KSQL_COL_${next}`;
    next += 1;
    return { name: generated, expression };
  });
}

type FieldName = (name: string) => string;

/** NAME_1 for a struct's field where NAME is another one, or any column of the sources, chosen or not. */
function fieldNames(ofSources: ReadonlySet<string>): FieldName {
  const taken = new Set(ofSources);
  return (field) => {
    let name = field;
    for (let next = 1; taken.has(name); next += 1) name = `${field}_${next}`;
    taken.add(name);
    return name;
  };
}

function ownName(expression: Expression, { nameOf }: Names, fieldName: FieldName): string | undefined {
  if (expression.kind === 'column') return nameOf(expression.source, expression.name);
  return expression.kind === 'field' ? fieldName(expression.name) : undefined;
}

function expandStar(
  item: Extract<SelectItem, { kind: 'all' }>,
  query: Query,
  { stars, key }: Names,
  fieldName: FieldName,
): Item[] {
  const chosen = item.source === undefined ? stars : stars.filter(({ alias }) => alias === item.source);
  if (chosen.length === 0) throw failAt(item.at, `'${item.source}' is not a valid stream/table name or alias.`);
  const single = stars.length === 1;
  const items = chosen.flatMap(({ alias, columns, prefixed }) =>
    columns.map((name): Item & { readonly name: string } => ({
      name: prefixed ? `${alias}_${name}` : name,
      expression: { kind: 'column', source: single || alias === '' ? undefined : alias, name, at: item.at },
    })),
  );
  if (query.partitionBy.length === 0 || query.partitionBy.some(({ kind }) => kind === 'null')) {
    return query.partitionBy.length === 0 ? items : keysLast(items, key);
  }
  // The new key comes first, and what was the key before is a value like any other: the last one.
  const matches = (each: Item, expression: Expression): boolean => sameColumn(each.expression, expression);
  const added = query.partitionBy.map(
    (expression): Item =>
      items.find((each) => matches(each, expression)) ?? {
        name: expression.kind === 'field' ? fieldName(expression.name) : undefined,
        expression,
      },
  );
  const others = items.filter((each) => !query.partitionBy.some((expression) => matches(each, expression)));
  return [...added, ...keysLast(others, key)];
}

const keysLast = (items: readonly Item[], key: Relation['key']): Item[] => {
  const isKey = ({ expression }: Item): boolean => key.some(({ means }) => means(expression));
  return [...items.filter((each) => !isKey(each)), ...items.filter(isKey)];
};

/** Whether two expressions are one; a source's name before a column changes nothing while there is only one. */
export const sameColumn = (left: Expression, right: Expression): boolean =>
  formatExpression(left) === formatExpression(right) ||
  (left.kind === 'column' &&
    right.kind === 'column' &&
    left.name === right.name &&
    (left.source === undefined || right.source === undefined || left.source === right.source));

function expandFields(item: Extract<SelectItem, { kind: 'all-fields' }>, context: CompileContext): Item[] {
  const { type } = compile(item.base, context);
  if (type?.kind !== 'STRUCT') {
    throw failAt(item.at, `Cannot use ->* on ${formatExpression(item.base)}: it is not a STRUCT`);
  }
  return type.fields.map(({ name }) => ({ name, expression: { kind: 'field', base: item.base, name, at: item.at } }));
}

/** A key column of the output: the expression it is, and where it is in the projection (-1: nowhere). */
export interface OutputKey {
  readonly expression: Expression;
  readonly selectedAt: number;
}

/** Finds a key in the projection: the first of its expressions that is there. */
export function findKey(
  expressions: readonly Expression[],
  selected: readonly Selected[],
  same: (left: Expression, right: Expression) => boolean,
): OutputKey {
  for (const expression of expressions) {
    const selectedAt = selected.findIndex((each) => same(each.expression, expression));
    if (selectedAt !== -1) return { expression, selectedAt };
  }
  return { expression: expressions[0] ?? { kind: 'null', at: { offset: 0, line: 1, column: 1 } }, selectedAt: -1 };
}

/** A key twice in the projection: AS_VALUE says which one is meant as a copy. */
export function checkKeyOnce(
  key: OutputKey,
  selected: readonly Selected[],
  same: (left: Expression, right: Expression) => boolean,
): void {
  const names = selected.filter(({ expression }) => same(expression, key.expression)).map(({ name }) => `\`${name}\``);
  if (names.length < 2) return;
  const shown = key.expression.kind === 'column' ? key.expression.name : formatExpression(key.expression);
  throw new StatementError(
    `The projection contains a key column (\`${shown}\`) more than once, aliased as: ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.\nEach key column must only be in the projection once. If you intended to copy the key into the value, then consider using the AS_VALUE function to indicate which key reference should be copied.`,
  );
}

/** `what` is "join expression", "grouping expression", "partitioning expression" or "key column". */
export function missingKeys(
  sink: string,
  what: string,
  names: readonly string[],
  between: ' or ' | ' and ',
): StatementError {
  const plural = names.length > 1 ? 's' : '';
  const shown = between === ' or ' ? (names[0] ?? '') : names.join(', ');
  return new StatementError(
    `Key${between === ' or ' ? '' : plural} missing from projection (ie, SELECT).\nThe query used to build \`${sink}\` must include the ${what}${plural} ${names.join(between)} in its projection (eg, SELECT ${shown}...).`,
  );
}

const SYSTEM_COLUMNS: ReadonlySet<string> = new Set([
  'ROWTIME',
  'ROWPARTITION',
  'ROWOFFSET',
  'WINDOWSTART',
  'WINDOWEND',
]);

export const isSystemColumn = (name: string): boolean => SYSTEM_COLUMNS.has(name);

/** A stream or table cannot have columns that ksqlDB itself adds. */
export function checkReserved(selected: readonly Selected[]): void {
  const found = selected.find(({ name }) => isSystemColumn(name));
  if (found === undefined) return;
  throw new StatementError(`Reserved column name in select: \`${found.name}\`. Please remove or alias the column.`);
}
