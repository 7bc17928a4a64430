import { eachPlaced } from '../../pipeline/spec-placement.js';
import { store } from '../../targets/target.js';
import type { Kind } from '../kind.js';
import { checkStoreKinds, unusedStores } from './lint.js';
import { stores } from './section.js';

export const storeKind: Kind = {
  kind: 'store',
  sections: [stores],
  placements: { stores: eachPlaced('Stores that have an address') },
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
  components: ({ stores: declared }) => [
    ...declared.map(({ name }) => ({ component: store(name), names: [`store/${name}`, name] })),
    ...declared
      .filter(({ kind }) => kind === 'cache')
      .slice(0, 1)
      .map(({ name }) => ({ component: store(name), names: ['redis'] })),
    ...declared
      .filter(({ kind }) => kind === 'documents')
      .slice(0, 1)
      .map(({ name }) => ({ component: store(name), names: ['postgres'] })),
  ],
  step: 'stores',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};
