import { resolve } from 'node:path';
import { section } from '../../pipeline/kind.js';
import type { Located } from '../../pipeline/pipeline.js';
import { mapping, named, settings, text, texts } from '../../pipeline/spec-words.js';
import type { Placed } from '../../targets/component.js';
import type { HttpServerAddress } from '../http-component.js';
import { fillConnector } from './connector-defaults.js';

export interface ConnectorSection extends Located {
  readonly database: string | undefined;
  readonly produces: readonly string[];
  /** What the file says itself: the rest of `config` was filled in. */
  readonly written: Readonly<Record<string, string>>;
  /** With everything filled in; undefined where a ksql migration makes the connector. */
  readonly config: Readonly<Record<string, string>> | undefined;
}

declare module '../../pipeline/pipeline.js' {
  interface Pipeline {
    readonly connectors: readonly ConnectorSection[];
    /** What `${env:NAME}` in configs means on a worker that evpipe starts. */
    readonly connectEnv: Readonly<Record<string, string>>;
    /** Folders that configs may read by `${file:…}` and `${directory:…}` on such a worker; absolute. */
    readonly connectAllowedPaths: readonly string[];
  }

  interface TargetSection {
    readonly connect?: Placed<HttpServerAddress> | undefined;
  }
}

const connector = mapping({
  database: text
    .optional()
    .describe('The database it captures; fills in database.*, slot, publication, heartbeat and fence options'),
  produces: texts.optional().describe('Topics it writes, where a column of the row decides'),
  config: settings
    .nullable()
    .optional()
    .describe('Config as Kafka Connect takes it. If absent, a ksql migration creates this connector'),
});

export const connectors = section(
  'connectors',
  named(connector).default({}).describe('Kafka Connect connectors'),
  (declared, { name: pipeline, each, shared }) => ({
    connectors: each('connectors', declared, ({ database, produces, config }, at) => ({
      ...at,
      name: shared(at.name),
      database,
      produces: (produces ?? []).map(shared),
      written: config ?? {},
      config: config == null ? undefined : fillConnector(pipeline, at.name, database, config),
    })),
  }),
  { resolves: true },
);

export const worker = section(
  'connect',
  mapping({
    env: settings
      .default({})
      .describe('Values of the env placeholders in connector configs, on a worker that evpipe starts'),
    allowedPaths: texts
      .default([])
      .describe('Folders that file and directory placeholders of connector configs may read there; default none'),
  })
    .optional()
    .describe('The Connect worker'),
  (declared, { folder }) => ({
    connectEnv: declared?.env ?? {},
    connectAllowedPaths: (declared?.allowedPaths ?? []).map((path) => resolve(folder, path)),
  }),
  { resolves: true },
);
