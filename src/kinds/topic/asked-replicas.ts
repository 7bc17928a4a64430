import { displayPath } from '../../pipeline/build.js';
import type { Pipeline } from '../../pipeline/pipeline.js';
import { withText } from '../../protocol/ksql/with-values.js';
import type { SourceLocation } from '../../support/errors.js';
import { madeByKsql } from '../connector/lint/connector-views.js';
import type { KsqlFile } from '../ksqldb/ksql-files.js';

/** What makes topics by itself, with as many replicas as it asks for: a stream or table of ksqlDB, a connector. */
export interface AskedReplicas {
  /** `stream ORDERS`, `connector orders-outbox`. */
  readonly who: string;
  readonly wanted: number;
  readonly place: SourceLocation;
  /** Absent: not known before there is a record for it. */
  readonly topic?: string;
}

export function askedReplicas(
  { connectors }: Pick<Pipeline, 'connectors'>,
  files: readonly KsqlFile[],
  cwd: string,
): readonly AskedReplicas[] {
  const declared = connectors.flatMap(({ name, config, locationOf }) =>
    config === undefined ? [] : [{ name, config, locationOf: (option: string) => locationOf('config', option) }],
  );
  const made = files.flatMap((file) => madeByKsql(file, cwd));
  return [...files.flatMap((file) => askedByStreams(file, cwd)), ...[...declared, ...made].flatMap(askedByConnector)];
}

function askedByStreams({ file, statements }: KsqlFile, cwd: string): readonly AskedReplicas[] {
  return statements.flatMap(({ statement, effects: { creates } }) => {
    const wanted = 'with' in statement ? withText(statement.with, 'REPLICAS') : undefined;
    if (wanted === undefined || (creates?.kind !== 'stream' && creates?.kind !== 'table')) return [];
    const { kind, name, topic } = creates;
    const { line, column } = statement.at;
    return [
      { who: `${kind} ${name}`, wanted: Number(wanted), topic, place: { file: displayPath(file, cwd), line, column } },
    ];
  });
}

const TOPIC_CREATION = /^topic\.creation\..+\.replication\.factor$/;

const askedByConnector = (connector: {
  readonly name: string;
  readonly config: Readonly<Record<string, string>>;
  locationOf(option: string): SourceLocation;
}): readonly AskedReplicas[] =>
  Object.entries(connector.config).flatMap(([option, wanted]) =>
    TOPIC_CREATION.test(option)
      ? [{ who: `connector ${connector.name}`, wanted: Number(wanted), place: connector.locationOf(option) }]
      : [],
  );
