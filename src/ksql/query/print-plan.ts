import type { SourceKind } from '../../protocol/ksql/ast.js';
import { formatExpression } from '../../protocol/ksql/format.js';
import type { Typed } from '../expressions/compiled.js';
import { formatSchema, type RowSchema } from '../metadata/schema.js';
import type { Source } from '../metadata/source.js';
import { inputsOf, type JoinNode, type LogicalNode } from './logical-plan.js';
import { type PhysicalStep, precedingSteps, stepsOf } from './physical-plan.js';
import type { PlanPart, QueryPlan } from './plan.js';
import type { WindowRules } from './windows.js';

/** Whose plan it is, and where its rows go; a client's SELECT has no sink. */
export interface Explained {
  readonly id: string;
  readonly sink: Pick<Source, 'name' | 'topic'> | undefined;
}

interface Line {
  readonly name: string;
  /** ksqlDB's name for what the node logs. */
  readonly logger: string;
  /** What ksqlDB does not show: the expressions. */
  readonly detail: string;
}

const list = (expressions: readonly Typed[]): string =>
  expressions.map(({ expression }) => formatExpression(expression)).join(', ');

function describe(node: LogicalNode): Line {
  switch (node.kind) {
    case 'source': {
      const reads = node.read.all ? 'all columns' : [...node.read.names].sort().join(', ') || 'no column';
      return { name: 'SOURCE', logger: 'KsqlTopic.Source', detail: `${node.source.name} ${node.alias}: ${reads}` };
    }
    case 'join':
      return { name: `${node.form.toUpperCase().replace('-', '_')}_JOIN`, logger: 'Join', detail: joinDetail(node) };
    case 'select-key':
      return { name: 'SELECT_KEY', logger: 'PartitionBy', detail: list(node.by) || 'no key' };
    case 'flat-map':
      return {
        name: 'FLAT_MAP',
        logger: 'FlatMap',
        detail: node.calls.map(({ expression }) => formatExpression(expression)).join(', '),
      };
    case 'filter': {
      const logger = node.input.kind === 'aggregate' ? 'Aggregate.HavingFilter' : 'WhereFilter';
      return { name: 'FILTER', logger, detail: formatExpression(node.condition.expression) };
    }
    case 'group-by':
      return { name: 'GROUP_BY', logger: 'Aggregate.GroupBy', detail: list(node.by) };
    case 'aggregate': {
      const calls = node.calls.map(({ text }, at) => `KSQL_AGG_VARIABLE_${at} := ${text}`).join(', ');
      const window = node.window === undefined ? '' : ` in ${describeWindow(node.window)}`;
      const name = node.window === undefined ? 'AGGREGATE' : 'WINDOWED_AGGREGATE';
      return { name, logger: 'Aggregate', detail: `${calls}${window}${node.final ? ', final' : ''}` };
    }
    case 'project': {
      const columns = node.columns.map(({ name, expression }) => `${name} := ${formatExpression(expression)}`);
      return { name: 'PROJECT', logger: 'Project', detail: columns.join(', ') };
    }
    case 'widen':
      return { name: 'CAST', logger: 'Cast', detail: 'to the types of the stream' };
  }
}

function joinDetail({ join, on, within }: JoinNode): string {
  const [left, right] = [on.left, on.right].map(({ expression }) => formatExpression(expression));
  const times =
    within === undefined
      ? ''
      : ` within (${within.before.ms} ms, ${within.after.ms} ms)${within.grace === undefined ? '' : `, grace ${within.grace.ms} ms`}`;
  return `${join} on ${left} = ${right}${times}`;
}

function describeWindow({ kind, sizeMs, advanceMs, graceMs }: WindowRules): string {
  const advance = kind === 'HOPPING' ? ` every ${advanceMs} ms` : '';
  return `${kind} windows of ${sizeMs} ms${advance}, grace ${graceMs} ms`;
}

/** The logical plan as ksqlDB prints it, the result first; behind each line what ksqlDB leaves out. */
export function executionPlan({ logical }: QueryPlan, { id, sink }: Explained): string {
  const line = ({ name, logger, detail }: Line, schema: RowSchema, depth: number): string => {
    const loggers = id === '' ? '' : ` | Logger: ${id}.${logger}`;
    return `${'\t'.repeat(depth)} > [ ${name} ] | Schema: ${formatSchema(schema)}${loggers}${detail === '' ? '' : ` | ${detail}`}\n`;
  };
  const below = (node: LogicalNode, depth: number): string =>
    `${line(describe(node), node.schema, depth)}${inputsOf(node)
      .map((each) => below(each, depth + 1))
      .join('')}`;
  if (sink === undefined) return below(logical, 0);
  return `${line({ name: 'SINK', logger: sink.name, detail: '' }, logical.schema, 0)}${below(logical, 1)}`;
}

/** The physical plan, or the parts that it is cut into, as Kafka Streams prints a topology. */
export function topology(parts: readonly PlanPart[], { sink, type }: Explained & Pick<QueryPlan, 'type'>): string {
  let count = 0;
  const number = (): string => String(count++).padStart(10, '0');
  const shown = parts.map((part, at) => {
    const topic = part.physical.kind === 'send' ? part.physical.topic : sink?.topic;
    return `   Sub-topology: ${at}\n${subTopology(part, topic, type, number)}`;
  });
  return `Topologies:\n${shown.join('\n')}`;
}

function subTopology(
  { physical }: PlanPart,
  topic: string | undefined,
  type: SourceKind,
  number: () => string,
): string {
  const steps = stepsOf(physical);
  const names = new Map<PhysicalStep | undefined, string>(steps.map((step) => [step, `${nameOf(step)}-${number()}`]));
  const rows = type === 'TABLE' && physical.kind !== 'send' ? 'KTABLE' : 'KSTREAM';
  const sink = topic === undefined ? undefined : `${rows}-SINK-${number()}`;
  const after = (step: PhysicalStep): string =>
    names.get(steps.find((each) => precedingSteps(each).includes(step))) ?? sink ?? 'none';
  const shown = steps.map((step) => {
    const to = `      --> ${after(step)}\n`;
    if (step.kind === 'read') return `    Source: ${names.get(step)} (topics: [${step.input.source.topic}])\n${to}`;
    const stores = 'stores' in step ? step.stores.map(({ name }) => name).join(', ') : '';
    const from = precedingSteps(step).map((each) => names.get(each));
    return `    Processor: ${names.get(step)} (stores: [${stores}])\n${to}      <-- ${from.join(', ')}\n`;
  });
  const end = sink === undefined ? '' : `    Sink: ${sink} (topic: ${topic})\n      <-- ${names.get(physical)}\n`;
  return `${shown.join('')}${end}`;
}

function nameOf(step: PhysicalStep): string {
  const rows = isTable(step) ? 'KTABLE' : 'KSTREAM';
  switch (step.kind) {
    case 'read':
      return `${rows}-SOURCE`;
    case 'join':
      return step.form === 'foreign-key' ? 'KTABLE-FK-JOIN' : `${rows}-${step.join === 'INNER' ? '' : step.join}JOIN`;
    case 'repartition':
    case 'send':
      return `${rows}-REPARTITION`;
    case 'flat-map':
      return 'KSTREAM-FLATTRANSFORMVALUES';
    case 'select':
      return `${rows}-TRANSFORMVALUES`;
    case 'aggregate':
      return `${rows}-AGGREGATE`;
    case 'widen':
      return `${rows}-MAPVALUES`;
  }
}

/** Whether what goes into a step are changes of a table. */
function isTable(step: PhysicalStep): boolean {
  if (step.kind === 'read') return step.input.source.type === 'TABLE';
  const [first] = precedingSteps(step);
  return first !== undefined && (first.kind === 'aggregate' || isTable(first));
}
