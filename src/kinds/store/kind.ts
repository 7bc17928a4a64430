import type { WrittenAddress } from '../../pipeline/kind.js';
import { eachPlaced } from '../../pipeline/spec-placement.js';
import type { Kind } from '../kind.js';
import { oneOf, serversOf } from '../several-servers.js';
import { storeComponent } from './component.js';
import { checkStoreKinds, unusedStores } from './lint.js';
import { type StoreSection, stores } from './section.js';

export const storeKind: Kind = {
  kind: 'store',
  sections: [stores],
  placements: { stores: eachPlaced('Stores with an address') },
  rules: [checkStoreKinds],
  flowRules: [unusedStores],
  names: { store: ({ names }) => names('stores') },
  uses: ({ names }) =>
    names('targets').flatMap((target) =>
      names('targets', target, 'stores').map((name) => ({
        what: 'store',
        name,
        at: ['targets', target, 'stores', name],
        idle: true,
      })),
    ),
  references: [
    {
      head: 'stores',
      named: 'store',
      fields: ['url'],
      component: 'stores',
      optional: ({ stores: declared }) => declared.filter(({ optional }) => optional).map(({ name }) => name),
      needs: (_, name) => [`store/${name}`],
    },
  ],
  writtenAddresses: [writtenAs('cache', ['redis'], 6379), writtenAs('documents', ['mongo', 'mongodb'], 27017)],
  components: (pipeline) => {
    const known = (section: StoreSection, ...names: string[]) => ({
      component: storeComponent(section, pipeline),
      names,
    });
    const serversOfKind = (kind: StoreSection['kind'], called: string) => {
      const all = pipeline.stores.filter((one) => one.kind === kind);
      return serversOf(all)
        .flatMap((server) => all.find((one) => one.server === server) ?? [])
        .map((first) => known(first, oneOf(called, first.server)));
    };
    return [
      ...pipeline.stores.map((section) => known(section, `store/${section.name}`, section.name)),
      ...serversOfKind('cache', 'redis'),
      ...serversOfKind('documents', 'postgres'),
    ];
  },
  servers: ['postgres', 'redis', 'mongo'],
  step: 'stores',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};

function writtenAs(kind: StoreSection['kind'], hosts: readonly string[], port: number): WrittenAddress {
  return {
    ...{ hosts, ports: [port], placed: ({ stores: addresses }) => addresses },
    reference: ({ stores: declared }) => {
      const store = declared.find((one) => one.kind === kind);
      return store && `stores.${store.name}.url`;
    },
  };
}
