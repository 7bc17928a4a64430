import { calledOnServers } from '../../pipeline/kind.js';
import { onePlaced } from '../../pipeline/spec-placement.js';
import { HTTP_FIELDS } from '../http-component.js';
import type { Kind } from '../kind.js';
import { isReferred } from '../service/referred.js';
import { registryComponent } from './component.js';
import { checkSchemas } from './lint.js';
import { subjects } from './section.js';

export const subjectKind: Kind = {
  kind: 'subject',
  sections: [subjects],
  placements: { schemaRegistry: onePlaced('Schema Registry') },
  rules: [checkSchemas],
  flowFaults: ['file-missing'],
  names: { subject: ({ names }) => names('schemas', 'subjects') },
  references: [
    { head: 'subjects', named: 'subject', fields: ['name'], shared: calledOnServers },
    {
      head: 'schemaRegistry',
      fields: HTTP_FIELDS,
      component: 'schemaRegistry',
      needs: ({ subjects: declared }) => ['server/schemaRegistry', ...declared.map(({ name }) => `subject/${name}`)],
    },
  ],
  writtenAddresses: [
    {
      hosts: ['schema-registry', 'schemaregistry', 'registry'],
      ports: [8081],
      reference: () => 'schemaRegistry.url',
      placed: ({ schemaRegistry }) => schemaRegistry,
    },
  ],
  components: (pipeline) =>
    pipeline.subjects.length > 0 || pipeline.ksqldb !== undefined || isReferred(pipeline, 'schemaRegistry')
      ? [{ component: registryComponent(pipeline), names: ['registry', 'schemaRegistry', 'schema-registry'] }]
      : [],
  servers: ['registry'],
  step: 'registry',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};
