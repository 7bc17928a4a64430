import type { LintContext } from '../../pipeline/kind.js';
import { calledOnServers } from '../../pipeline/kind.js';
import { onePlaced } from '../../pipeline/spec-placement.js';
import { HTTP_FIELDS } from '../http-component.js';
import type { Kind } from '../kind.js';
import { migrationsCreateConnectors } from '../ksqldb/created-connectors.js';
import { isReferred } from '../service/referred.js';
import { connectComponent } from './component.js';
import { givenName } from './connector-defaults.js';
import { checkConnectorClasses } from './lint/connector-classes.js';
import { checkConnectors } from './lint/connectors.js';
import { checkConnectorOptions } from './lint/options.js';
import { checkTransforms } from './lint/transforms.js';
import { checkUnmade } from './lint/unmade.js';
import { checkWrittenNames } from './lint/written-out.js';
import { connectors, worker } from './section.js';

export const connectorKind: Kind = {
  kind: 'connector',
  sections: [connectors, worker],
  placements: { connect: onePlaced('Kafka Connect') },
  rules: [
    checkConnectors,
    checkConnectorClasses,
    checkTransforms,
    checkConnectorOptions,
    checkUnmade,
    checkWrittenNames,
  ],
  flowFaults: ['connector-unmade', 'connector-option', 'connector-class-unknown', 'transform-type-missing'],
  uses: ({ pipeline }: LintContext) =>
    pipeline.connectors.flatMap(({ name, database, produces }) => [
      ...(database === undefined ? [] : [{ what: 'database', name: database, at: ['connectors', name, 'database'] }]),
      ...produces.map((topic, index) => ({
        what: 'topic',
        name: topic,
        at: ['connectors', name, 'produces', String(index)],
      })),
    ]),
  names: { connector: ({ names }) => names('connectors') },
  references: [
    { head: 'connectors', named: 'connector', fields: ['name'], shared: calledOnServers },
    { head: 'connectors', named: 'connector', fields: ['slot', 'publication', 'topicPrefix'], shared: givenName },
    { head: 'connect', fields: HTTP_FIELDS, component: 'connect', needs: () => ['server/connect'] },
  ],
  writtenAddresses: [
    {
      hosts: ['connect', 'kafka-connect', 'debezium'],
      ports: [8083],
      reference: () => 'connect.url',
      placed: ({ connect }) => connect,
    },
  ],
  components: (pipeline) =>
    pipeline.connectors.length > 0 || isReferred(pipeline, 'connect') || migrationsCreateConnectors(pipeline)
      ? [{ component: connectComponent(pipeline), names: ['connect'] }]
      : [],
  servers: ['connect'],
  step: 'streams',
  slice: 'streams',
  operations: async () => (await import('./operations.js')).operations,
};
