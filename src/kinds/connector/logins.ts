import type { Pipeline } from '../../pipeline/pipeline.js';
import { parseReference, referencesIn } from '../../pipeline/references.js';
import type { Holder } from '../../targets/roles.js';
import { readKsqlFiles } from '../ksqldb/ksql-files.js';
import type { Login, RefersToIt } from '../login.js';
import { connectorFlow } from './connector-flow.js';

declare module '../../targets/roles.js' {
  interface LoginKinds {
    readonly connector: true;
    /** Connectors whose login evpipe does not hand out one by one: a ksql migration makes them, or `connect.env` holds it. */
    readonly connect: true;
  }
}

export function connectorLogins(pipeline: Pipeline, refers: RefersToIt): readonly Login[] {
  const connectors = pipeline.connectors.filter(({ config = {} }) =>
    refers(Object.values(config).flatMap(referencesIn)),
  );
  const texts = [...Object.values(pipeline.connectEnv), ...readKsqlFiles(pipeline).map(({ text }) => text)];
  return [
    ...connectors.map(({ name, config = {} }): Login => {
      const isSource = connectorFlow(config)?.kind === 'source';
      return { holder: `connector/${name}`, rights: [isSource ? 'capture' : 'work'] };
    }),
    // These connectors, which may be of any class, make their publications and tables themselves.
    ...(refers(texts.flatMap(referencesIn)) ? [{ holder: 'connect', rights: ['work', 'capture'] } as const] : []),
  ];
}

/**
 * Whose login a connector of the file has: its own, but where `connect.env` holds one to the same database, the one that
 * is there, so that user and password fit together wherever the config takes them from.
 */
export function holderOfConnector({ connectEnv }: Pipeline, connector: string, database: string | undefined): Holder {
  const held = Object.values(connectEnv).flatMap(referencesIn).map(parseReference);
  const isHeld = held.some(({ head, name }) => head === 'databases' && name === database);
  return isHeld ? 'connect' : `connector/${connector}`;
}
