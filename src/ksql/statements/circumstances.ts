import type { World } from '../expressions/compiled.js';
import type { Registry } from '../formats/registry.js';
import type { Metastore } from '../metadata/metastore.js';
import type { Properties } from './properties.js';

/** What statements are judged by: what is there already, what the session has set, and the schemas of the registry. */
export interface Circumstances {
  readonly metastore: Metastore;
  readonly properties: Properties;
  readonly registry: Registry | undefined;
  readonly world: World;
  /** What a query that has ended left behind may be replaced by anything that fits its schema. */
  readonly isRunning: (queryId: string) => boolean;
}
