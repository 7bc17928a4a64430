import type { LintContext } from '../../pipeline/kind.js';
import { onePlaced } from '../../pipeline/spec-placement.js';
import type { Kind } from '../kind.js';
import { gatewayComponent } from './component.js';
import { checkGateway } from './lint.js';
import { gateway, serviceRoutes } from './section.js';

export const gatewayKind: Kind = {
  kind: 'gateway',
  sections: [gateway],
  placements: { gateway: onePlaced('A gateway that runs elsewhere') },
  rules: [checkGateway],
  names: { gateway: ({ pipeline }) => (pipeline.gateway === undefined ? [] : ['gateway']) },
  uses: ({ pipeline, names }: LintContext) => [
    ...serviceRoutes(pipeline.gateway).map(({ prefix, service }) => ({
      what: 'service',
      name: service,
      at: ['gateway', 'routes', prefix],
    })),
    ...names('targets')
      .filter((target) => names('targets', target).includes('gateway'))
      .map((target) => ({ what: 'gateway', name: 'gateway', at: ['targets', target, 'gateway'], idle: true })),
  ],
  references: [
    {
      head: 'gateway',
      fields: ['url'],
      declared: ({ gateway: declared }) => declared !== undefined,
      component: 'gateway',
      needs: () => ['gateway/gateway'],
    },
  ],
  components: (pipeline) =>
    pipeline.gateway === undefined
      ? []
      : [{ component: gatewayComponent(pipeline.gateway, pipeline), names: ['gateway'] }],
  servers: ['gateway'],
  step: 'gateway',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};
