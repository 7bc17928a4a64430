import { server } from '../../targets/component.js';
import { databaseClientAs } from '../database/client.js';
import { database } from '../database/component.js';
import { hasServer } from '../server-node.js';
import type { Session } from '../session.js';
import { kafkaClient } from '../topic/client.js';
import { fileStore } from './file-store.js';
import type { LedgerStore } from './store.js';
import { tableStore } from './table-store.js';
import { topicStore } from './topic-store.js';

interface LedgerPlace {
  /** What has to run first, as nodes of `up`. */
  readonly needs: readonly string[];
  /** Others may run this pipeline on the same servers. */
  readonly isShared: boolean;
  open(): Promise<LedgerStore>;
  /** Undefined where its server does not run now. */
  openWhereThere(): Promise<LedgerStore | undefined>;
  /** So that it can be read and written now. */
  start(): Promise<void>;
}

/** As much of a session as it takes to read and write the ledger. */
export type LedgerSession = Pick<Session, 'pipeline' | 'kinds' | 'target' | 'clients' | 'emit'>;

/**
 * Where a pipeline's ledger is kept: on Kafka where anything declared uses one, else in the first database, else in the state folder. After it
 * the places that it may have been kept in before the file declared more.
 */
export function ledgerPlaces(session: LedgerSession): readonly [LedgerPlace, ...LedgerPlace[]] {
  const { stateFolder } = session.pipeline;
  const folder: LedgerPlace = {
    needs: [],
    isShared: false,
    open: async () => fileStore(stateFolder),
    openWhereThere: async () => fileStore(stateFolder),
    start: async () => {},
  };
  const [first] = session.pipeline.databases;
  const places: readonly [LedgerPlace, ...LedgerPlace[]] =
    first === undefined ? [folder] : [tablePlace(session, first.name), folder];
  return hasServer(session, 'kafka') ? [topicPlace(session), ...places] : places;
}

function topicPlace({ pipeline, target, clients, emit }: LedgerSession): LedgerPlace {
  const kafka = server('kafka');
  const isRunning = async (): Promise<boolean> => (await target.endpoint(kafka)) !== undefined;
  const open = async (): Promise<LedgerStore> => topicStore(await kafkaClient(clients), pipeline.name, emit);
  return {
    needs: ['server/kafka'],
    isShared: target.providerOf(kafka) === 'address',
    open,
    openWhereThere: async () => ((await isRunning()) ? open() : undefined),
    start: async () => {
      if (!(await isRunning())) await target.start(kafka);
    },
  };
}

function tablePlace({ pipeline, target, clients, emit }: LedgerSession, name: string): LedgerPlace {
  const isRunning = async (): Promise<boolean> => (await target.endpoint(database(name))) !== undefined;
  const isShared = target.providerOf(database(name)) === 'address';
  const open = async (): Promise<LedgerStore> =>
    tableStore(await databaseClientAs(clients, 'owner', name), pipeline.name, emit);
  return {
    needs: [`database/${name}`],
    isShared,
    open,
    openWhereThere: async () => {
      if (!(await isRunning())) return undefined;
      return open().catch((failure: unknown) => {
        if (isShared) throw failure;
        return undefined; // a server of evpipe's own that has just started has no database and no roles yet
      });
    },
    start: async () => {
      if (!(await isRunning())) await target.start(database(name));
    },
  };
}

/** Nodes of `up` before which the ledger can't be read. */
export const ledgerNeeds = (session: LedgerSession): readonly string[] => ledgerPlaces(session)[0].needs;

/** It is kept where `down --volumes` leaves it, and where others may run the same pipeline. */
export const isLedgerShared = (session: LedgerSession): boolean => ledgerPlaces(session)[0].isShared;
