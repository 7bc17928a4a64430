import type { Source } from '../../../ksql/metadata/source.js';

/** One element of the answer of /ksql. */
export interface Entity {
  readonly '@type': string;
  readonly statementText: string;
  readonly warnings: ReadonlyArray<{ readonly message: string }>;
  readonly [field: string]: unknown;
}

export const entity = (type: string, statementText: string, fields: Readonly<Record<string, unknown>>): Entity => ({
  '@type': type,
  statementText,
  ...fields,
  warnings: [],
});

export const commandStatus = (
  statementText: string,
  commandId: string,
  sequence: number,
  message: string,
  queryId: string | null,
): Entity =>
  entity('currentStatus', statementText, {
    commandId,
    commandStatus: { status: 'SUCCESS', message, queryId },
    commandSequenceNumber: sequence,
  });

/** IF NOT EXISTS, where it does. */
export const alreadyThere = (statementText: string, kind: string, { name, type }: Source): Entity =>
  entity('warning_entity', statementText, {
    message: `Cannot add ${kind} \`${name}\`: A ${type.toLowerCase()} with the same name already exists.`,
  });
