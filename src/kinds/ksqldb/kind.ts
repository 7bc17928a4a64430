import { onePlaced } from '../../pipeline/spec-placement.js';
import { HTTP_FIELDS } from '../http-component.js';
import type { Kind } from '../kind.js';
import { isReferred } from '../service/referred.js';
import { ksqldbComponent } from './component.js';
import { writtenTexts } from './ksql-files.js';
import { checkKsql } from './lint.js';
import { madeNames, sharedSource } from './namespace.js';
import { ksqldb } from './section.js';
import { checkWrittenKsql } from './written-out.js';

export const ksqldbKind: Kind = {
  kind: 'ksqldb',
  sections: [ksqldb],
  placements: { ksqldb: onePlaced('ksqlDB') },
  rules: [checkKsql, checkWrittenKsql],
  // The functions and plans of ksqlDB are much to load, and needed where there is a statement.
  examine: async (context) =>
    context.pipeline.ksqldb?.migrations.length ? (await import('./statement-faults.js')).statementFaults(context) : [],
  flowFaults: ['ksql-syntax', 'file-missing'],
  names: {
    'stream or table of a ksql migration': ({ pipeline }) =>
      writtenTexts(pipeline).flatMap(({ text }) => madeNames(text).sources),
  },
  references: [
    {
      head: 'streams',
      named: 'stream or table of a ksql migration',
      fields: ['name'],
      shared: ({ name, shared }) => sharedSource(shared, name),
    },
    { head: 'ksqldb', fields: HTTP_FIELDS, component: 'ksqldb', needs: () => ['server/ksqldb'] },
  ],
  writtenAddresses: [
    {
      hosts: ['ksqldb', 'ksqldb-server', 'ksql-server'],
      ports: [8088],
      reference: () => 'ksqldb.url',
      placed: ({ ksqldb: address }) => address,
    },
  ],
  sqlFiles: ({ ksqldb: declared }) => declared?.migrations ?? [],
  components: (pipeline) =>
    pipeline.ksqldb !== undefined || isReferred(pipeline, 'ksqldb')
      ? [{ component: ksqldbComponent(pipeline), names: ['ksqldb'] }]
      : [],
  servers: ['ksqldb'],
  step: 'streams',
  slice: 'streams',
  operations: async () => (await import('./operations.js')).operations,
};
