import { eachPlaced } from '../../pipeline/spec-placement.js';
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
  references: [{ head: 'stores', named: 'store', fields: ['url'] }],
};
