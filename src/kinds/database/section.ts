import { section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { mapping, named, text } from '../../pipeline/spec-words.js';
import type { Placed } from '../../targets/component.js';
import type { DatabaseAddress } from './component.js';

export interface DatabaseSection extends Located {
  /** Absolute paths of its migration files, in order. */
  readonly migrations: readonly string[];
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly databases: readonly DatabaseSection[];
  }

  interface TargetSection {
    /** The server of all databases that have no address of their own. */
    readonly postgres?: 'embedded' | 'compose' | undefined;
    readonly databases?: Readonly<Record<string, Placed<DatabaseAddress>>> | undefined;
  }
}

const database = mapping({
  migrations: text
    .optional()
    .describe('Folder of .sql files, applied once each in order of their names, checksummed')
    .meta({ examples: ['sql/person'] }),
}).nullable();

export const databases = section(
  'databases',
  named(database).default({}).describe('PostgreSQL databases; the target decides on the server'),
  (declared, { each, sqlFiles }) => ({
    databases: each('databases', declared, (one, at) => ({
      ...at,
      migrations: one?.migrations === undefined ? [] : sqlFiles(one.migrations, at.locationOf('migrations')),
    })),
  }),
);
