import { missingFenceOptions, POSTGRES_SOURCE } from '../../kinds/connector/connector-flow.js';
import { connectorReports } from '../../kinds/connector/connectors.js';
import type { Diagnosis } from '../../kinds/diagnosis.js';
import { examineGateway } from '../../kinds/gateway/doctor.js';
import { examineKsqldb } from '../../kinds/ksqldb/doctor.js';
import { readKsqlFiles } from '../../kinds/ksqldb/ksql-files.js';
import { examineRabbitmq } from '../../kinds/rabbitmq/doctor.js';
import { type Session, serversOf } from '../../kinds/session.js';
import { examineStore } from '../../kinds/store/stores.js';
import { examineKafka } from '../../kinds/topic/doctor.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { pause } from '../../support/retry.js';
import { INSTALL_CACHE } from '../../targets/store-programs.js';
import { type ComponentId, type ComponentStatus, database, GATEWAY, server, store } from '../../targets/target.js';

/** A server that does not answer in this time is told of instead of waited for. */
const ANSWER_MS = 5_000;
/** More WAL than this behind a slot fills disks. */
const RETAINED_WARN_BYTES = 1024 ** 3;

/** Every server of the pipeline that runs or has an address: whether it answers, and what in it will hurt. */
export async function examineServers(session: Session): Promise<readonly Diagnosis[]> {
  const { pipeline, target } = session;
  const statuses = await target.status();
  const addresses = new Map(
    statuses.flatMap(({ components, address }) =>
      components.map(({ kind, name }) => [`${kind}/${name}`, address ?? 'it'] as const),
    ),
  );
  const running = new Set(
    statuses
      .filter(({ state, provider }) => provider === 'address' || state === 'running' || state === 'restarting')
      .flatMap(({ components }) => components.map(({ kind, name }) => `${kind}/${name}`)),
  );
  const addressOf = ({ kind, name }: ComponentId): string => addresses.get(`${kind}/${name}`) ?? 'it';
  const isThere = ({ kind, name }: ComponentId): boolean => running.has(`${kind}/${name}`);
  const probes = [
    ...serversOf(pipeline)
      .filter((kind) => isThere(server(kind)))
      .map((kind) => answers(kind, addressOf(server(kind)), () => PROBES[kind](session))),
    ...pipeline.databases
      .filter(({ name }) => isThere(database(name)))
      .map(({ name }) => answers(`database ${name}`, addressOf(database(name)), () => examineDatabase(session, name))),
    ...pipeline.stores
      .filter(({ name }) => isThere(store(name)))
      .map((section) =>
        answers(`store ${section.name}`, addressOf(store(section.name)), async () => [
          { about: `store ${section.name}`, health: 'good', says: await examineStore(section, session) },
        ]),
      ),
    ...(pipeline.gateway !== undefined && isThere(GATEWAY)
      ? [answers('gateway', addressOf(GATEWAY), () => examineGateway(session))]
      : []),
    ...(serversOf(pipeline).includes('connect') && isThere(server('connect'))
      ? [answers('connectors', addressOf(server('connect')), () => examineConnectors(session))]
      : []),
  ];
  return [...(await Promise.all(probes)).flat(), ...missingStores(session, statuses), ...environmentNames(session)];
}

/** Stores for which this machine has no program, or which have no address. */
function missingStores({ pipeline }: Session, statuses: readonly ComponentStatus[]): readonly Diagnosis[] {
  return statuses.flatMap(({ state, components, lastLines: [why = 'it is not there'] }) =>
    state !== 'absent'
      ? []
      : components.map(({ name }): Diagnosis => {
          const optional = pipeline.stores.some((one) => one.name === name && one.optional);
          const about = `store ${name}`;
          if (optional) return { about, health: 'good', says: `left out (optional): ${why}` };
          return { about, health: 'bad', says: why, todo: INSTALL_CACHE };
        }),
  );
}

type Probe = () => Promise<readonly Diagnosis[]>;

/** What it finds; one that does not answer, in time or at all, is itself the finding. */
async function answers(about: string, address: string, probe: Probe): Promise<readonly Diagnosis[]> {
  const deadline = new AbortController();
  try {
    return await Promise.race([
      probe(),
      pause(ANSWER_MS, deadline.signal).then(() => {
        throw new EvpipeError('EVPIPE_DEADLINE', `${address} does not answer within ${ANSWER_MS / 1000} s`, {
          kind: 'unreachable',
        });
      }),
    ]);
  } catch (failure) {
    const ending = failure instanceof EvpipeError ? failure.kind : 'failed';
    const todo = failure instanceof EvpipeError ? failure.todo : undefined;
    return [{ about, health: 'bad', says: messageOf(failure), ending, ...(todo === undefined ? {} : { todo }) }];
  } finally {
    deadline.abort();
  }
}

const PROBES: Readonly<Record<ReturnType<typeof serversOf>[number], (session: Session) => ReturnType<Probe>>> = {
  kafka: examineKafka,
  schemaRegistry: async ({ clients }) => {
    const subjects = await (await clients.registry()).listSubjects();
    return [{ about: 'registry', health: 'good', says: `${subjects.length} subjects` }];
  },
  connect: async ({ clients }) => {
    const { version } = await (await clients.connect()).version();
    return [{ about: 'connect', health: 'good', says: version }];
  },
  ksqldb: examineKsqldb,
  rabbitmq: examineRabbitmq,
};

async function examineDatabase(session: Session, name: string): Promise<readonly Diagnosis[]> {
  const about = `database ${name}`;
  const client = await session.clients.database(name);
  try {
    const [facts] = await client.queryText(
      `SELECT current_setting('server_version'), current_setting('wal_level'),
              (SELECT rolsuper OR rolreplication FROM pg_roles WHERE rolname = current_user)::text`,
    );
    const [version = '', walLevel = '', mayReplicate = ''] = facts ?? [];
    const captured = session.pipeline.connectors.filter((one) => one.database === name);
    const found: Diagnosis[] = [{ about, health: 'good', says: `PostgreSQL ${version}, wal_level ${walLevel}` }];
    if (captured.length > 0 && walLevel !== 'logical') {
      const says = `wal_level is ${walLevel}: connector ${captured[0]?.name} can't read its changes`;
      found.push({ about, health: 'bad', says, todo: 'Set wal_level = logical and restart PostgreSQL.' });
    }
    if (captured.length > 0 && mayReplicate !== 'true') {
      const says = 'its user may not replicate (neither superuser nor REPLICATION)';
      found.push({
        about,
        health: 'warning',
        says,
        todo: 'ALTER ROLE … REPLICATION; some clouds have a role of their own.',
      });
    }
    const slots = await client.query<Slot>(
      `SELECT slot_name::text AS name, active, wal_status::text AS "walStatus",
              pg_wal_lsn_diff(pg_current_wal_lsn(), restart_lsn)::text AS retained
         FROM pg_replication_slots WHERE database = current_database() ORDER BY 1`,
    );
    return [...found, ...slots.flatMap((slot) => slotDiagnosis(about, slot, session))];
  } finally {
    await client.close();
  }
}

interface Slot {
  readonly name: string;
  readonly active: boolean;
  readonly walStatus: string | null;
  readonly retained: string | null;
}

function slotDiagnosis(
  about: string,
  { name, active, walStatus, retained }: Slot,
  session: Session,
): readonly Diagnosis[] {
  const bytes = Number(retained ?? 0);
  const owner = session.pipeline.connectors.find(({ config }) => config?.['slot.name'] === name)?.name;
  const whose = owner === undefined ? 'not of this pipeline' : `of connector ${owner}`;
  const size = `${(bytes / 1024 ** 2).toFixed(1)} MB of WAL retained`;
  if (walStatus === 'lost') {
    const says = `slot ${name} (${whose}) has lost its WAL: its changes are gone`;
    return [{ about, health: 'bad', says, todo: 'Remove connector and slot, and let it take a new snapshot.' }];
  }
  if (active && bytes < RETAINED_WARN_BYTES)
    return [{ about, health: 'good', says: `slot ${name} (${whose}): ${size}` }];
  const says = `slot ${name} (${whose}) is ${active ? 'read' : 'not read by anybody'}: ${size}`;
  const todo =
    owner === undefined
      ? `WAL grows until the disk is full. If nobody needs it: SELECT pg_drop_replication_slot('${name}')`
      : `WAL grows until the disk is full: evpipe connectors status ${owner}`;
  return [{ about, health: 'warning', says, todo }];
}

/** Declared connectors as they are on the worker: whether they work, and what a fence needs of their options. */
async function examineConnectors(session: Session): Promise<readonly Diagnosis[]> {
  const connect = await session.clients.connect();
  const found: Diagnosis[] = [];
  for (const { name, declared, status, trouble } of await connectorReports(session)) {
    const about = `connector ${name}`;
    if (!declared || status === undefined) continue;
    if (trouble !== undefined) {
      found.push({ about, health: 'bad', says: trouble, todo: `The whole trace: evpipe connectors status ${name}` });
      continue;
    }
    const config = (await connect.config(name)) ?? {};
    const missing = config['connector.class'] === POSTGRES_SOURCE ? missingFenceOptions(config) : [];
    if (missing.length === 0) found.push({ about, health: 'good', says: 'running' });
    else {
      const says = `without ${missing.join(' and ')}: checks over it can't be fenced on a quiet database`;
      found.push({
        about,
        health: 'warning',
        says,
        todo: 'Add to its config what is missing; `database:` fills it in.',
      });
    }
  }
  return found;
}

/** `${env:NAME}` in connectors' configs means the worker's environment: ours gets it from `connect.env`, a foreign one from its owner. */
function environmentNames({ pipeline, target }: Session): readonly Diagnosis[] {
  const texts = [
    ...pipeline.connectors.flatMap(({ config, written }) => Object.values(config ?? written)),
    ...readKsqlFiles(pipeline).map(({ text }) => text),
  ];
  const names = [
    ...new Set(texts.flatMap((text) => [...text.matchAll(/\$\{env:([^}]+)\}/g)].map(([, name = '']) => name))),
  ];
  if (names.length === 0) return [];
  const about = 'connect.env';
  if (target.providerOf(server('connect')) === 'address') {
    const says = `the worker's owner has to set ${names.join(', ')} in its environment`;
    return [{ about, health: 'warning', says }];
  }
  const missing = names.filter((name) => pipeline.connectEnv[name] === undefined);
  if (missing.length === 0) return [{ about, health: 'good', says: names.join(', ') }];
  const says = `connectors want \${env:${missing[0]}}, which connect.env does not set`;
  return [{ about, health: 'bad', says, todo: `Set ${missing.join(', ')} under connect.env in the pipeline file.` }];
}
