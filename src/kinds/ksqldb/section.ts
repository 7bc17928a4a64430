import { section } from '../../pipeline/kind.js';
import { mapping, text } from '../../pipeline/spec-words.js';
import type { Placed } from '../../targets/component.js';
import type { HttpServerAddress } from '../http-component.js';

export interface KsqldbSection {
  readonly migrations: readonly string[];
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    /** Undefined: the pipeline has no ksqlDB. */
    readonly ksqldb: KsqldbSection | undefined;
  }

  interface TargetSection {
    readonly ksqldb?: Placed<HttpServerAddress> | undefined;
  }
}

export const ksqldb = section(
  'ksqldb',
  mapping({
    migrations: text
      .describe('Folder of V000001__name.sql files, as ksql-migrations names them')
      .meta({ examples: ['ksql'] }),
  })
    .nullable()
    .optional()
    .describe('ksqlDB streams'),
  (declared, { locate, sqlFiles }) => ({
    ksqldb:
      declared == null ? undefined : { migrations: sqlFiles(declared.migrations, locate('ksqldb', 'migrations')) },
  }),
);
