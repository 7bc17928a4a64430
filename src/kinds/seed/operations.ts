import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Located } from '../../pipeline/pipeline.js';
import { EvpipeError, messageOf } from '../../support/errors.js';
import { database } from '../database/component.js';
import { migrationOf } from '../database/migration.js';
import type { KindOperations, LeftToDo, Released } from '../kind.js';
import { isLedgerShared, ledgerNeeds } from '../ledger/places.js';
import { withLedger } from '../ledger/with-ledger.js';
import { needsOf } from '../reference-values.js';
import { serviceClient } from '../service/client.js';
import { serviceReferences } from '../service/referred.js';
import type { Session } from '../session.js';
import { kafkaClient } from '../topic/client.js';
import type { Node, NodeReport } from '../walk.js';
import { applyCsvSeed, applySqlSeed, seedFileIsDone } from './database-seed.js';
import type { SeedSection, ServiceSeedSection } from './section.js';
import { csvColumns, readSeedLines } from './seed-files.js';
import { applySeed, doneRows, seedIsDone } from './service-seed.js';
import { applyTopicSeed, doneLines } from './topic-seed.js';

export const operations: KindOperations = {
  nodes: (session) => session.pipeline.seeds.map((one) => seedNode(session, one)),

  async summary({ pipeline: { seeds } }) {
    return seeds.map((one) => (one.kind === 'service' ? `${one.rows} ${one.name}` : one.name));
  },

  release: forgetSeeds,

  leftToDo: (session) => Promise.all(session.pipeline.seeds.map((one) => leftOf(session, one))),
};

async function leftOf(session: Session, section: SeedSection): Promise<LeftToDo> {
  const of = { kind: 'seed', name: section.name, command: 'evpipe seed' };
  try {
    const open = await openPart(session, section);
    return open === undefined ? { ...of, state: 'done', summary: 'done' } : { ...of, state: 'open', summary: open };
  } catch (failure) {
    if (!(failure instanceof EvpipeError)) throw failure;
    return { ...of, state: 'unknown', summary: messageOf(failure) };
  }
}

/** What of it is still to be done; undefined: nothing. */
async function openPart(session: Session, section: SeedSection): Promise<string | undefined> {
  switch (section.kind) {
    case 'service': {
      const open = section.rows - doneRows(section, await session.noted());
      return open <= 0 ? undefined : `${open} of ${section.rows} rows to create`;
    }
    case 'jsonl': {
      const source = readFileSync(section.file, 'utf8');
      const { lines } = readSeedLines(source);
      const open = lines.length - doneLines({ name: section.name, source }, await session.noted());
      return open <= 0 ? undefined : `${open} of ${lines.length} records to write`;
    }
    default: {
      const { host } = await session.clients.endpoint(database(section.database));
      const { source } = migrationOf(session.pipeline, section.file);
      const { name } = section;
      const { url } = session.target.as(host, 'owner');
      const done = await seedFileIsDone({
        name,
        url,
        source,
        signal: session.signal,
        liveness: session.clients.liveness,
      });
      return done ? undefined : `${basename(section.file)} to ${section.kind === 'sql' ? 'run' : 'import'}`;
    }
  }
}

function seedNode(session: Session, section: SeedSection): Node {
  return {
    id: `seed/${section.name}`,
    step: 'seed',
    needs: [...seedNeeds(session, section), ...filesFirst(session, section), ...drawnFirst(session, section)],
    run: async (report) => ({ changed: await seed(session, section, report) }),
  };
}

/** What a seed goes through, or into. */
function seedNeeds(session: Session, section: SeedSection): readonly string[] {
  switch (section.kind) {
    case 'service':
      return [`service/${section.service}`, ...ledgerNeeds(session)];
    case 'jsonl':
      return [`topic/${section.topic}`, ...ledgerNeeds(session)];
    default:
      return [`database/${section.database}`];
  }
}

/** What a service is asked to create may refer to what files bring into its databases. */
function filesFirst(session: Session, section: SeedSection): readonly string[] {
  if (section.kind !== 'service') return [];
  const own = session.pipeline.services.find(({ name }) => name === section.service);
  const references =
    own === undefined ? [] : serviceReferences(own, session.pipeline.folder).flatMap((path) => needsOf(session, path));
  return session.pipeline.seeds
    .filter((one) => (one.kind === 'sql' || one.kind === 'csv') && references.includes(`database/${one.database}`))
    .map(({ name }) => `seed/${name}`);
}

/** Seeds of the same service that this one draws ids from, and that stand before it: a form offers only rows that are there. */
function drawnFirst({ pipeline: { seeds } }: Session, section: SeedSection): readonly string[] {
  if (section.kind !== 'service') return [];
  const drawn = Object.values(section.values).flatMap((value) => {
    if (typeof value === 'string') return [];
    return 'from' in value ? [value.from] : 'each' in value ? [value.each] : [];
  });
  return seeds
    .slice(0, seeds.indexOf(section))
    .filter((one) => one.kind === 'service' && one.service === section.service && drawn.includes(one.name))
    .map(({ name }) => `seed/${name}`);
}

/** True where something was added. */
async function seed(session: Session, section: SeedSection, report: NodeReport): Promise<boolean> {
  const { signal } = report;
  switch (section.kind) {
    case 'service':
      return serviceSeed(session, section, report);
    case 'jsonl': {
      const [ledger, kafka] = await Promise.all([session.ledger(), kafkaClient(session.clients)]);
      const source = readFileSync(section.file, 'utf8');
      const { lines } = readSeedLines(source);
      const progress = (done: number) => report.progress(section.name, done, lines.length);
      const written = await applyTopicSeed({ ...section, source, lines }, { kafka, ledger }, { progress, signal });
      return written > 0;
    }
    default: {
      const { host } = await session.clients.endpoint(database(section.database));
      const { url } = session.target.as(host, 'owner');
      const script = migrationOf(session.pipeline, section.file, await session.references('host', 'owner'));
      const { name, location } = section;
      const seed = { name, url, location, source: script.source, signal, liveness: session.clients.liveness };
      if (section.kind === 'sql') return applySqlSeed(seed, script);
      return applyCsvSeed({ ...seed, file: section.file, table: section.table, columns: csvColumns(script.source) });
    }
  }
}

async function serviceSeed(
  session: Session,
  section: Located & ServiceSeedSection,
  report: NodeReport,
): Promise<boolean> {
  const ledger = await session.ledger();
  if (seedIsDone(section, ledger)) return false;
  const all = new Map(
    session.pipeline.seeds.flatMap((seed) => (seed.kind === 'service' ? [[seed.name, seed] as const] : [])),
  );
  const created = await applySeed(
    section,
    all,
    { service: await serviceClient(session, section.service), ledger },
    { progress: (done) => report.progress(section.name, done, section.rows), signal: report.signal },
  );
  return created > 0;
}

/** Where the ledger stays and databases of evpipe's own go: their rows go with them. */
async function forgetSeeds(session: Session): Promise<Released> {
  const { pipeline, target } = session;
  const goes = pipeline.databases.some(({ name }) => target.providerOf(database(name)) !== 'address');
  if (goes && isLedgerShared(session)) {
    await withLedger(session, async (ledger) => {
      for (const key of ledger.keys('seed/')) await ledger.forget(key);
    });
  }
  return { removed: [], left: [] };
}
