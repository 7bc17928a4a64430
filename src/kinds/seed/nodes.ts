import { readFileSync } from 'node:fs';
import type { Located } from '../../pipeline/pipeline.js';
import { database } from '../../targets/target.js';
import { serviceReferences } from '../session.js';
import { needsOf, type UpContext } from '../up-context.js';
import type { Node, NodeReport } from '../walk.js';
import { applyCsvSeed, applySqlSeed } from './database-seed.js';
import type { SeedSection, ServiceSeedSection } from './section.js';
import { csvColumns, readSeedLines } from './seed-files.js';
import { applySeed, seedIsDone } from './service-seed.js';
import { applyTopicSeed } from './topic-seed.js';

export function seedNode(context: UpContext, section: SeedSection): Node {
  return {
    id: `seed/${section.name}`,
    step: 'seed',
    needs: [...seedNeeds(section), ...filesFirst(context, section)],
    run: async (report) => ({ changed: await seed(context, section, report) }),
  };
}

/** What a seed goes through, or into. */
function seedNeeds(section: SeedSection): readonly string[] {
  switch (section.kind) {
    case 'service':
      return [`service/${section.service}`, 'server/kafka'];
    case 'jsonl':
      return [`topic/${section.topic}`, 'server/kafka'];
    default:
      return [`database/${section.database}`];
  }
}

/** What a service is asked to create may refer to what files bring into its databases. */
function filesFirst(context: UpContext, section: SeedSection): readonly string[] {
  if (section.kind !== 'service') return [];
  const own = context.pipeline.services.find(({ name }) => name === section.service);
  const references = own === undefined ? [] : serviceReferences(own).flatMap((path) => needsOf(context, path));
  return context.pipeline.seeds
    .filter((one) => (one.kind === 'sql' || one.kind === 'csv') && references.includes(`database/${one.database}`))
    .map(({ name }) => `seed/${name}`);
}

/** True where something was added. */
async function seed(context: UpContext, section: SeedSection, report: NodeReport): Promise<boolean> {
  const { signal } = report;
  switch (section.kind) {
    case 'service':
      return serviceSeed(context, section, report);
    case 'jsonl': {
      const [ledger, kafka] = await Promise.all([context.openLedger(), context.session.clients.kafka()]);
      const source = readFileSync(section.file, 'utf8');
      const { lines } = readSeedLines(source);
      const progress = (done: number) => report.progress(section.name, done, lines.length);
      const written = await applyTopicSeed({ ...section, source, lines }, { kafka, ledger }, { progress, signal });
      return written > 0;
    }
    default: {
      const { host } = await context.session.clients.endpoint(database(section.database));
      const script = context.migration(section.file, await context.session.references('host'));
      const { name, location } = section;
      const seed = { name, url: host.url, location, source: script.source, signal };
      if (section.kind === 'sql') return applySqlSeed(seed, script);
      return applyCsvSeed({ ...seed, file: section.file, table: section.table, columns: csvColumns(script.source) });
    }
  }
}

async function serviceSeed(
  context: UpContext,
  section: Located & ServiceSeedSection,
  report: NodeReport,
): Promise<boolean> {
  const ledger = await context.openLedger();
  if (seedIsDone(section, ledger)) return false;
  const all = new Map(
    context.pipeline.seeds.flatMap((seed) => (seed.kind === 'service' ? [[seed.name, seed] as const] : [])),
  );
  const created = await applySeed(
    section,
    all,
    { service: await context.session.clients.service(section.service), ledger },
    { progress: (done) => report.progress(section.name, done, section.rows), signal: report.signal },
  );
  return created > 0;
}
