import { displayPath } from '../../pipeline/build.js';
import type { LintContext } from '../../pipeline/kind.js';
import { writtenOut } from '../../pipeline/lint/written-out.js';
import type { Problem } from '../../pipeline/problem.js';
import type { Statement } from '../../protocol/ksql/ast.js';
import { statementEffects } from '../../protocol/ksql/effects.js';
import { tokenize } from '../../protocol/ksql/lexer.js';
import type { Position } from '../../protocol/ksql/position.js';
import { withText } from '../../protocol/ksql/with-values.js';
import { GIVEN_NAMES } from '../connector/connector-defaults.js';
import { parseKsqlFile, writtenTexts } from './ksql-files.js';

/** Names in ksql migrations that a namespace would not reach. Those of streams, tables and connectors are no trouble. */
export function checkWrittenKsql(context: LintContext): readonly Problem[] {
  const { pipeline, cwd } = context;
  if (pipeline.target.namespace === undefined) return [];
  return writtenTexts(pipeline).flatMap(({ file, text }) => {
    const shown = displayPath(file, cwd);
    const { statements, syntaxError } = parseKsqlFile(file, text);
    if (syntaxError !== undefined) return [];
    const report = ({ line, column }: Position, what: string, todo: string) =>
      writtenOut(context, { file: shown, line, column }, what, todo);
    return [
      ...strings(text, context, report),
      ...statements.flatMap(({ statement }) => sinks(statement, context, report)),
    ];
  });
}

type Report = (at: Position, what: string, todo: string) => readonly Problem[];

function strings(text: string, context: LintContext, report: Report): readonly Problem[] {
  const topics = context.names('topics');
  const tokens = tokenize(text);
  return tokens.flatMap(({ kind, value, at }, index) => {
    if (kind !== 'string') return [];
    const [equals, next] = [tokens[index + 1], tokens[index + 2]];
    if (equals?.value === '=' && next?.kind === 'string' && GIVEN_NAMES.has(value) && !next.value.includes('$('))
      return report(next.at, `${value} ${next.value}`, 'Write $(connectors.NAME.slot), .publication or .topicPrefix.');
    if (!topics.includes(value)) return [];
    return report(at, `topic ${value}`, `Write '$(topics.${value}.name)'.`);
  });
}

function sinks(statement: Statement, context: LintContext, report: Report): readonly Problem[] {
  const { at } = statement;
  if (statement.kind !== 'create-as-select') return [];
  const { creates } = statementEffects(statement);
  if (creates?.kind !== 'stream' && creates?.kind !== 'table') return [];
  const topic = withText(statement.with, 'KAFKA_TOPIC');
  const isUsed = [...context.names('topics'), ...context.uses().map(({ name }) => name)].includes(creates.topic);
  // Otherwise its topic is called as it is, prefix included, and nothing else of this file knows it.
  if (topic === undefined ? !isUsed : topic.includes('$(') || context.names('topics').includes(topic)) return [];
  return report(
    at,
    `topic ${creates.topic} of ${creates.kind} ${creates.name}`,
    `Declare the topic, and write KAFKA_TOPIC = '$(topics.${creates.topic}.name)'.`,
  );
}
