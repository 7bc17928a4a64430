import { onePlaced } from '../../pipeline/spec-placement.js';
import type { Kind } from '../kind.js';
import { checkKsql } from './lint.js';
import { ksqldb } from './section.js';

export const ksqldbKind: Kind = {
  kind: 'ksqldb',
  sections: [ksqldb],
  placements: { ksqldb: onePlaced('ksqlDB') },
  rules: [checkKsql],
  flowFaults: ['ksql-syntax', 'file-missing'],
  references: [{ head: 'ksqldb', fields: ['url'] }],
  sqlFiles: ({ ksqldb: declared }) => declared?.migrations ?? [],
};
