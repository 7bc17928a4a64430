import type { Position } from './position.js';
import type { SqlType } from './types.js';

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%';
export type ComparisonOperator = '=' | '<>' | '<' | '<=' | '>' | '>=';

/** Every name here is resolved: upper-cased where it was written bare, as written where it was quoted. */
export type Expression =
  | { readonly kind: 'null'; readonly at: Position }
  | { readonly kind: 'boolean'; readonly value: boolean; readonly at: Position }
  | { readonly kind: 'integer'; readonly value: bigint; readonly at: Position }
  /** A literal with a point is a DECIMAL: its digits as written. */
  | { readonly kind: 'decimal'; readonly text: string; readonly at: Position }
  | { readonly kind: 'double'; readonly value: number; readonly at: Position }
  | { readonly kind: 'string'; readonly value: string; readonly at: Position }
  /** DATE '…', TIME '…', TIMESTAMP '…', DECIMAL '…'. */
  | { readonly kind: 'typed-literal'; readonly type: string; readonly text: string; readonly at: Position }
  | { readonly kind: 'variable'; readonly name: string; readonly at: Position }
  | {
      readonly kind: 'column';
      readonly source: string | undefined;
      readonly name: string;
      /** What a planner has put this column in the place of: it prints as that. */
      readonly standsFor?: Expression;
      readonly at: Position;
    }
  | { readonly kind: 'field'; readonly base: Expression; readonly name: string; readonly at: Position }
  | { readonly kind: 'subscript'; readonly base: Expression; readonly index: Expression; readonly at: Position }
  | { readonly kind: 'negate'; readonly operand: Expression; readonly at: Position }
  | {
      readonly kind: 'arithmetic';
      readonly operator: ArithmeticOperator | '||';
      readonly left: Expression;
      readonly right: Expression;
      readonly at: Position;
    }
  | {
      readonly kind: 'comparison';
      readonly operator: ComparisonOperator | 'IS DISTINCT FROM' | 'IS NOT DISTINCT FROM';
      readonly left: Expression;
      readonly right: Expression;
      readonly at: Position;
    }
  | {
      readonly kind: 'logical';
      readonly operator: 'AND' | 'OR';
      readonly left: Expression;
      readonly right: Expression;
      readonly at: Position;
    }
  | { readonly kind: 'not'; readonly operand: Expression; readonly at: Position }
  | {
      readonly kind: 'between';
      readonly operand: Expression;
      readonly low: Expression;
      readonly high: Expression;
      readonly at: Position;
    }
  | {
      readonly kind: 'in';
      readonly operand: Expression;
      readonly values: readonly Expression[];
      readonly at: Position;
    }
  | {
      readonly kind: 'like';
      readonly operand: Expression;
      readonly pattern: Expression;
      readonly escape: string | undefined;
      readonly at: Position;
    }
  | { readonly kind: 'is-null'; readonly operand: Expression; readonly negated: boolean; readonly at: Position }
  | {
      readonly kind: 'case';
      /** CASE operand WHEN …: undefined in the searched form. */
      readonly operand: Expression | undefined;
      readonly branches: ReadonlyArray<{ readonly when: Expression; readonly result: Expression }>;
      readonly otherwise: Expression | undefined;
      readonly at: Position;
    }
  | { readonly kind: 'cast'; readonly operand: Expression; readonly type: SqlType; readonly at: Position }
  | { readonly kind: 'array'; readonly elements: readonly Expression[]; readonly at: Position }
  | {
      readonly kind: 'map';
      readonly entries: ReadonlyArray<{ readonly key: Expression; readonly value: Expression }>;
      readonly at: Position;
    }
  | {
      readonly kind: 'struct';
      readonly fields: ReadonlyArray<{ readonly name: string; readonly value: Expression }>;
      readonly at: Position;
    }
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[]; readonly at: Position }
  | {
      readonly kind: 'lambda';
      readonly parameters: readonly string[];
      readonly body: Expression;
      readonly at: Position;
    }
  /** DAYS in DATEADD(DAYS, 1, d). */
  | { readonly kind: 'unit'; readonly unit: string; readonly at: Position };

export interface Duration {
  readonly count: number;
  /** In the plural: SECONDS. */
  readonly unit: string;
  readonly ms: number;
}

export type Window = {
  readonly retention: Duration | undefined;
  readonly grace: Duration | undefined;
} & (
  | { readonly kind: 'TUMBLING'; readonly size: Duration }
  | { readonly kind: 'HOPPING'; readonly size: Duration; readonly advance: Duration }
  | { readonly kind: 'SESSION'; readonly gap: Duration }
);

export type SelectItem =
  | { readonly kind: 'expression'; readonly expression: Expression; readonly alias: string | undefined }
  | { readonly kind: 'all'; readonly source: string | undefined; readonly at: Position }
  /** expression->* */
  | { readonly kind: 'all-fields'; readonly base: Expression; readonly at: Position };

export interface SourceRef {
  readonly name: string;
  readonly alias: string | undefined;
  readonly at: Position;
}

export interface Join {
  readonly kind: 'INNER' | 'LEFT' | 'RIGHT' | 'FULL';
  readonly source: SourceRef;
  readonly within:
    | { readonly before: Duration; readonly after: Duration; readonly grace: Duration | undefined }
    | undefined;
  readonly on: Expression;
  readonly at: Position;
}

export interface Query {
  readonly select: readonly SelectItem[];
  readonly from: SourceRef;
  readonly joins: readonly Join[];
  readonly window: Window | undefined;
  readonly where: Expression | undefined;
  readonly groupBy: readonly Expression[];
  /** PARTITION BY NULL makes a list with one null literal. */
  readonly partitionBy: readonly Expression[];
  readonly having: Expression | undefined;
  readonly emit: 'CHANGES' | 'FINAL' | undefined;
  readonly limit: number | undefined;
}

/** Values of a WITH clause, names upper-cased. */
export type WithValue = string | number | bigint | boolean;
export type WithClause = ReadonlyMap<string, Expression>;

export interface ColumnDefinition {
  readonly name: string;
  /** Of a column that a statement spells out, not of one that comes from a schema. */
  readonly at?: Position;
  readonly type: SqlType;
  readonly role: 'KEY' | 'PRIMARY KEY' | 'HEADERS' | 'HEADER' | undefined;
  /** HEADER('name'). */
  readonly header: string | undefined;
}

export type SourceKind = 'STREAM' | 'TABLE';

export type StatementBody =
  | {
      readonly kind: 'create-source';
      readonly type: SourceKind;
      readonly name: string;
      readonly orReplace: boolean;
      readonly ifNotExists: boolean;
      /** CREATE SOURCE STREAM: read-only, never written or dropped with its topic. */
      readonly readOnly: boolean;
      readonly columns: readonly ColumnDefinition[];
      readonly with: WithClause;
    }
  | {
      readonly kind: 'create-as-select';
      readonly type: SourceKind;
      readonly name: string;
      readonly orReplace: boolean;
      readonly ifNotExists: boolean;
      readonly with: WithClause;
      readonly query: Query;
    }
  | { readonly kind: 'insert-select'; readonly target: string; readonly with: WithClause; readonly query: Query }
  | {
      readonly kind: 'insert-values';
      readonly target: string;
      readonly columns: readonly string[];
      readonly values: readonly Expression[];
    }
  | { readonly kind: 'select'; readonly query: Query }
  | {
      readonly kind: 'drop-source';
      readonly type: SourceKind;
      readonly name: string;
      readonly ifExists: boolean;
      readonly deleteTopic: boolean;
    }
  | {
      readonly kind: 'alter-source';
      readonly type: SourceKind;
      readonly name: string;
      readonly add: ReadonlyArray<{ readonly name: string; readonly type: SqlType }>;
    }
  | {
      readonly kind: 'create-connector';
      readonly type: 'SOURCE' | 'SINK';
      readonly name: string;
      readonly ifNotExists: boolean;
      /** Property names keep their case here. */
      readonly with: WithClause;
    }
  | { readonly kind: 'drop-connector'; readonly name: string; readonly ifExists: boolean }
  | {
      readonly kind: 'create-type';
      readonly name: string;
      readonly ifNotExists: boolean;
      readonly type: SqlType;
    }
  | { readonly kind: 'drop-type'; readonly name: string; readonly ifExists: boolean }
  | {
      readonly kind: 'terminate' | 'pause' | 'resume';
      /** Undefined: ALL. */
      readonly query: string | undefined;
    }
  | { readonly kind: 'set'; readonly property: string; readonly value: string }
  | { readonly kind: 'unset'; readonly property: string }
  | { readonly kind: 'alter-system'; readonly property: string; readonly value: string }
  | { readonly kind: 'define'; readonly name: string; readonly value: string }
  | { readonly kind: 'undefine'; readonly name: string }
  | { readonly kind: 'list-properties' | 'list-types' | 'list-variables' | 'list-functions' }
  | { readonly kind: 'list-connector-plugins' }
  | { readonly kind: 'list-topics'; readonly all: boolean; readonly extended: boolean }
  | { readonly kind: 'list-streams' | 'list-tables' | 'list-queries'; readonly extended: boolean }
  | { readonly kind: 'list-connectors'; readonly type: 'SOURCE' | 'SINK' | undefined }
  | { readonly kind: 'describe-source'; readonly name: string; readonly extended: boolean }
  | { readonly kind: 'describe-sources'; readonly type: SourceKind; readonly extended: boolean }
  | { readonly kind: 'describe-function'; readonly name: string }
  | { readonly kind: 'describe-connector'; readonly name: string }
  | {
      readonly kind: 'print';
      readonly topic: string;
      readonly fromBeginning: boolean;
      readonly interval: number | undefined;
      readonly limit: number | undefined;
    }
  /** Either a query's id or a statement. */
  | { readonly kind: 'explain'; readonly query: string | undefined; readonly statement: Statement | undefined }
  | {
      readonly kind: 'assert-topic';
      readonly topic: string;
      readonly exists: boolean;
      readonly with: WithClause;
      readonly timeout: Duration | undefined;
    }
  | {
      readonly kind: 'assert-schema';
      readonly subject: string | undefined;
      readonly id: number | undefined;
      readonly exists: boolean;
      readonly timeout: Duration | undefined;
    };

export type StatementKind = StatementBody['kind'];

interface Written {
  /** As written, without the semicolon, comments around it removed. */
  readonly text: string;
  /** With the semicolon, and what stands before it. */
  readonly written: string;
  readonly at: Position;
}

export type Statement = StatementBody & Written;

type BodyOf<Kind, Body = StatementBody> = Body extends { readonly kind: infer Kinds }
  ? [Kind & Kinds] extends [never]
    ? never
    : Body
  : never;

/** The statement of one kind (several kinds may share a shape). */
export type StatementOf<Kind extends StatementKind> = BodyOf<Kind> & Written;
