import type { LintContext } from '../../pipeline/kind.js';
import { calledOnServers, type Use } from '../../pipeline/kind.js';
import { eachHttpPlaced } from '../../pipeline/spec-placement.js';
import type { Kind } from '../kind.js';
import { declaredEnvironment } from '../program.js';
import { serviceComponent } from './component.js';
import { checkAddresses } from './lint/addresses.js';
import { checkDualWrites } from './lint/dual-write.js';
import { checkHosts } from './lint/hosts.js';
import { checkServices } from './lint/services.js';
import { checkToldNames } from './lint/written-out.js';
import { type ServiceSection, services } from './section.js';

export const serviceKind: Kind = {
  kind: 'service',
  sections: [services],
  placements: { services: eachHttpPlaced('Services that run elsewhere') },
  rules: [checkServices, checkAddresses, checkHosts, checkToldNames],
  flowRules: [checkDualWrites],
  examine: async (context) =>
    context.pipeline.services.length > 0 ? (await import('./module-faults.js')).moduleFaults(context) : [],
  flowFaults: ['file-missing'],
  names: {
    service: ({ names }) => names('services'),
    group: ({ pipeline }) => [...new Set(pipeline.services.flatMap(({ consumes }) => consumes?.group ?? []))],
  },
  uses,
  references: [
    { head: 'groups', named: 'group', fields: ['name'], shared: calledOnServers },
    // Its namespace included, so that folders of services can be told apart: `.evpipe/$(pipeline.name)/` goes with its data.
    { head: 'pipeline', fields: ['name'], shared: ({ pipeline }) => pipeline },
    {
      head: 'services',
      name: 'self',
      fields: ['port'],
      only: { section: 'services', meaning: 'the port of the service itself' },
    },
    {
      head: 'services',
      named: 'service',
      fields: ['url', 'port'],
      component: 'service',
      needs: (_, name) => [`service/${name}`],
    },
  ],
  components: (pipeline, taken) =>
    pipeline.services.map((one) => ({
      component: serviceComponent(one, pipeline, taken),
      names: [one.name, `service/${one.name}`],
    })),
  environments: ({ folder, services: declared }) => declared.map((one) => declaredEnvironment(folder, one)),
  step: 'services',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};

function uses({ pipeline, names }: LintContext): readonly Use[] {
  return [
    ...pipeline.services.filter(({ copyOf }) => copyOf === undefined).flatMap(usesOf),
    ...names('targets').flatMap((target) =>
      names('targets', target, 'services').map((name) => ({
        what: 'service',
        name,
        at: ['targets', target, 'services', name],
        idle: true,
      })),
    ),
  ];
}

function usesOf({ name: service, outbox, consumes, produces, receives, publishes, writes }: ServiceSection): Use[] {
  const use = (what: string, name: string, ...at: string[]): Use => ({ what, name, at: ['services', service, ...at] });
  const each = (what: string, list: readonly string[] | undefined, ...at: string[]): Use[] =>
    (list ?? []).map((name, index) => use(what, name, ...at, String(index)));
  return [
    ...(outbox === undefined ? [] : [use('database', outbox.database, 'outbox', 'database')]),
    ...each('topic', outbox?.topics, 'outbox', 'topics'),
    ...each('topic', consumes?.topics, 'consumes', 'topics'),
    ...each('topic', produces, 'produces'),
    ...each('queue', receives, 'receives'),
    ...each('exchange or queue', publishes, 'publishes'),
    ...(writes === undefined
      ? []
      : writes.kind === 'documents'
        ? [use('store', writes.store, 'writes', 'store')]
        : [use('database', writes.database, 'writes', 'database')]),
  ];
}
