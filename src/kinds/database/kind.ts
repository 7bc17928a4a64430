import { eachPlaced, placed } from '../../pipeline/spec-placement.js';
import type { Kind } from '../kind.js';
import { databaseComponent } from './component.js';
import { checkDatabases, checkWrittenTopics, unusedDatabases } from './lint.js';
import { databases } from './section.js';

export const databaseKind: Kind = {
  kind: 'database',
  sections: [databases],
  placements: {
    postgres: placed.optional().describe('The PostgreSQL server of all databases without an address of their own'),
    databases: eachPlaced('Databases with an address: postgres://user:password@host:5432/database'),
  },
  rules: [checkDatabases, checkWrittenTopics],
  flowRules: [unusedDatabases],
  flowFaults: ['file-missing'],
  names: { database: ({ names }) => names('databases') },
  uses: ({ names }) =>
    names('targets').flatMap((target) =>
      names('targets', target, 'databases').map((name) => ({
        what: 'database',
        name,
        at: ['targets', target, 'databases', name],
        idle: true,
      })),
    ),
  references: [
    {
      head: 'databases',
      named: 'database',
      fields: ['url', 'host', 'port', 'name', 'user', 'password'],
      component: 'postgres',
      renamed: { name: 'database' },
      needs: (_, name) => [`database/${name}`],
    },
  ],
  sqlFiles: ({ databases }) => databases.flatMap(({ migrations }) => migrations),
  components: (pipeline) => [
    ...pipeline.databases.slice(0, 1).map(({ name }) => ({
      component: databaseComponent(name, pipeline),
      names: ['postgres'],
    })),
    ...pipeline.databases.map(({ name }) => ({
      component: databaseComponent(name, pipeline),
      names: [`postgres/${name}`, `database/${name}`, name],
    })),
  ],
  servers: ['postgres'],
  step: 'postgres',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};
