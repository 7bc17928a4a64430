import type { Pipeline } from '../../pipeline/pipeline.js';
import { parseReference, referencesIn } from '../../pipeline/references.js';
import type { Holder } from '../../targets/roles.js';
import { connectorFlow } from '../connector/connector-flow.js';
import { jobReferences } from '../job/section.js';
import { readKsqlFiles } from '../ksqldb/ksql-files.js';
import { programTexts } from '../program.js';
import { serviceReferences } from '../service/referred.js';
import type { Session } from '../session.js';
import type { StoreEndpoint } from '../store/component.js';
import type { PostgresEndpoint } from './component.js';
import type { OwnDatabase } from './server.js';

/**
 * `own`: the database and all that is in it. `work`: the same, by being a member of its owner, who also owns what is made.
 * `read`: every table. `capture`: replication, and the tables that the connector's node grants.
 */
export type Right = 'own' | 'work' | 'read' | 'capture';

export interface Login {
  readonly holder: Holder;
  readonly rights: readonly Right[];
}

/** Everybody who logs in to a database, or to the documents of a store. */
export function loginsOf(pipeline: Pipeline, section: 'databases' | 'stores', name: string): readonly Login[] {
  const refers = (paths: readonly string[]): boolean =>
    paths.map(parseReference).some((one) => one.head === section && one.name === name);
  const inFiles = (program: Parameters<typeof programTexts>[1]): readonly string[] =>
    programTexts(pipeline.folder, program).flatMap(referencesIn);
  const services = pipeline.services.filter((one) => refers([...serviceReferences(one), ...inFiles(one)]));
  const jobs = pipeline.jobs.filter((one) => refers([...jobReferences(one), ...inFiles(one)]));
  const connectors = pipeline.connectors.filter(({ config = {} }) =>
    refers(Object.values(config).flatMap(referencesIn)),
  );
  const shared = [...Object.values(pipeline.connectEnv), ...readKsqlFiles(pipeline).map(({ text }) => text)].flatMap(
    referencesIn,
  );
  return [
    { holder: 'owner', rights: ['own'] },
    { holder: 'reader', rights: ['read'] },
    ...services.map((service): Login => ({ holder: `service/${service.name}`, rights: ['work'] })),
    ...jobs.map((job): Login => ({ holder: `job/${job.name}`, rights: ['work'] })),
    ...connectors.map(({ name: connector, config = {} }): Login => {
      const isSource = connectorFlow(config)?.kind === 'source';
      return { holder: `connector/${connector}`, rights: [isSource ? 'capture' : 'work'] };
    }),
    // These connectors, which may be of any class, make their publications and tables themselves.
    ...(refers(shared) ? [{ holder: 'connect', rights: ['work', 'capture'] } as const] : []),
  ];
}

/** For its server, with the logins of all who are told of it. */
export function ownDatabase(
  { pipeline, target }: Session,
  section: 'databases' | 'stores',
  name: string,
  superuser: PostgresEndpoint | StoreEndpoint,
): OwnDatabase {
  const roles = loginsOf(pipeline, section, name).map(({ holder, rights }) => ({
    holder,
    rights,
    password: new URL(target.as(superuser, holder).url).password,
  }));
  return { url: superuser.url, roles };
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
