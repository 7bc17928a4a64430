import type { Holder } from '../targets/roles.js';

/**
 * `own`: the database and all that is in it. `work`: the same, by being a member of its owner, who also owns what is made.
 * `read`: every table. `capture`: replication, and the tables that the connector's node grants.
 */
export type Right = 'own' | 'work' | 'read' | 'capture';

/** Who logs in to a database, or to the documents of a store, on a server that evpipe has started. */
export interface Login {
  readonly holder: Holder;
  readonly rights: readonly Right[];
}

/** Whether any of these references (`databases.person.url`) leads to the database. */
export type RefersToIt = (references: readonly string[]) => boolean;
