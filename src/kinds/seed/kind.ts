import type { Use } from '../../pipeline/kind.js';
import type { Kind } from '../kind.js';
import { checkSeeds } from './lint/seeds.js';
import { type SeedSection, seeds } from './section.js';

export const seedKind: Kind = {
  kind: 'seed',
  sections: [seeds],
  rules: [checkSeeds],
  flowFaults: ['file-missing'],
  names: { seed: ({ names }) => names('seed') },
  uses: ({ pipeline }) => pipeline.seeds.map(useOf),
  step: 'seed',
  slice: 'seed',
  operations: async () => (await import('./operations.js')).operations,
};

function useOf(seed: SeedSection): Use {
  const { name } = seed;
  switch (seed.kind) {
    case 'service':
      return { what: 'service', name: seed.service, at: ['seed', name, 'service'] };
    case 'sql':
      return { what: 'database', name: seed.database, at: ['seed', name, 'database'] };
    case 'csv':
      return { what: 'database', name: seed.database, at: ['seed', name, 'into', 'database'] };
    case 'jsonl':
      return { what: 'topic', name: seed.topic, at: ['seed', name, 'topic'] };
  }
}
