import * as z from 'zod';
import { eachPlaced, placed } from '../../pipeline/spec-placement.js';
import { text } from '../../pipeline/spec-words.js';
import { SSL_MODES, SSL_PARAMETERS } from '../../support/postgres-tls.js';
import type { Kind } from '../kind.js';
import { oneOf, serversOf } from '../several-servers.js';
import { databaseComponent } from './component.js';
import { checkDatabases, checkNames, checkRoles, checkWrittenTopics, unusedDatabases } from './lint.js';
import { databases } from './section.js';

export const databaseKind: Kind = {
  kind: 'database',
  sections: [databases],
  placements: {
    postgres: placed
      .optional()
      .describe('What runs the PostgreSQL servers of all databases without an address of their own'),
    databases: eachPlaced('Databases with an address: postgres://user:password@host:5432/database', {
      sslmode: z
        .enum(SSL_MODES, { error: `must be one of ${SSL_MODES.join(', ')}` })
        .optional()
        .describe('As libpq has it; default prefer. The four may be in the URL too'),
      sslrootcert: text
        .optional()
        .describe(
          'PEM file with the authorities to trust: checked by require and verify-ca; by verify-full with the host name',
        ),
      sslcert: text.optional().describe('PEM file with the client certificate (mTLS)'),
      sslkey: text.optional().describe('File with its key: PEM, or PKCS #8 in DER as Java’s driver takes it (.pk8)'),
    }),
  },
  rules: [checkDatabases, checkNames, checkRoles, checkWrittenTopics],
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
      fields: ['url', 'jdbcUrl', 'host', 'port', 'name', 'user', 'password', ...SSL_PARAMETERS],
      component: 'postgres',
      renamed: { name: 'database' },
      needs: (_, name) => [`database/${name}`],
    },
  ],
  writtenAddresses: [
    {
      hosts: ['postgres', 'postgresql', 'db', 'database'],
      ports: [5432],
      reference: ({ databases: [first] }) => first && `databases.${first.name}.url`,
      placed: ({ databases: addresses }) => addresses,
    },
  ],
  sqlFiles: ({ databases }) => databases.flatMap(({ migrations }) => migrations),
  components: (pipeline) => [
    ...serversOf(pipeline.databases)
      .flatMap((server) => pipeline.databases.find((one) => one.server === server) ?? [])
      .map((first) => ({
        component: databaseComponent(first, pipeline),
        names: [oneOf('postgres', first.server)],
      })),
    ...pipeline.databases.map((declared) => ({
      component: databaseComponent(declared, pipeline),
      names: [`postgres/${declared.name}`, `database/${declared.name}`, declared.name],
    })),
  ],
  servers: ['postgres'],
  step: 'postgres',
  slice: 'services',
  operations: async () => (await import('./operations.js')).operations,
};
