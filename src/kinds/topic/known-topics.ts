import type { LintContext } from '../../pipeline/kind.js';
import { connectorFlow } from '../connector/connector-flow.js';
import { connectorViews } from '../connector/lint/connector-views.js';
import { ksqlFiles } from '../ksqldb/ksql-files.js';

/** Topics that are declared, that ksql statements name, or that a connector's config leads to. */
export function knownTopics(context: LintContext): readonly string[] {
  const fromKsql = ksqlFiles(context).flatMap(({ statements }) =>
    statements.flatMap(({ effects: { creates } }) =>
      creates?.kind === 'stream' || creates?.kind === 'table' ? [creates.topic] : [],
    ),
  );
  const fromConnectors = connectorViews(context).flatMap(({ config }) => {
    const flow = connectorFlow(config);
    return flow === undefined ? [] : flow.tables.flatMap((table) => flow.topicOf(table) ?? []);
  });
  return [...new Set([...context.names('topics'), ...fromKsql, ...fromConnectors])];
}
