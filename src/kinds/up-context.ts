import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Pipeline } from '../pipeline/pipeline.js';
import { parseReference, resolveReferences } from '../pipeline/references.js';
import type { ComponentId, Launch, LaunchByKind } from '../targets/target.js';
import type { Migration } from './database/resource.js';
import { type Ledger, openLedger } from './ledger.js';
import { rabbitmqIds } from './rabbitmq/nodes.js';
import type { Session } from './session.js';
import type { NodeReport } from './walk.js';

/** What the nodes of one `up` share: the session, the ledger, and what was said already. */
export class UpContext {
  readonly pipeline: Pipeline;
  private ledger: Promise<Ledger> | undefined;
  private readonly said = new Set<string>();

  constructor(readonly session: Session) {
    this.pipeline = session.pipeline;
  }

  /** True where it was not running like this already. */
  async start(component: ComponentId, launch?: Launch): Promise<boolean> {
    const started = await this.session.target.start(component, launch as LaunchByKind['service']);
    for (const message of started.notes) {
      // Databases share a server, and with it what there is to say of its start.
      if (this.said.has(message)) continue;
      this.said.add(message);
      this.session.emit({ kind: 'note', level: 'info', message });
    }
    return started.changed;
  }

  wait(report: NodeReport): NodeReport & { readonly timeoutMs: number } {
    return { ...report, timeoutMs: this.session.timeoutMs };
  }

  openLedger(): Promise<Ledger> {
    this.ledger ??= this.session.clients.kafka().then((kafka) => openLedger(kafka, this.pipeline.name));
    return this.ledger;
  }

  /** A SQL file as it runs here: the checksum is of the file, the statements have the target's addresses. */
  migration(file: string, values: ReadonlyMap<string, string>): Migration {
    const source = readFileSync(file, 'utf8');
    const shown = file.startsWith(`${this.pipeline.folder}/`) ? file.slice(this.pipeline.folder.length + 1) : file;
    return { name: basename(file, '.sql'), file: shown, source, sql: resolveReferences(source, values) };
  }
}

/** What has to be there before a service that refers to it starts. */
export function needsOf({ pipeline }: UpContext, path: string): readonly string[] {
  const reference = parseReference(path);
  switch (reference.head) {
    case 'databases':
      return [`database/${reference.name}`];
    case 'services':
      return [`service/${reference.name}`];
    case 'stores':
      return [`store/${reference.name}`];
    case 'gateway':
      return ['gateway/gateway'];
    case 'kafka':
      return ['server/kafka', ...pipeline.topics.map(({ name }) => `topic/${name}`)];
    case 'schemaRegistry':
      return ['server/schemaRegistry', ...pipeline.subjects.map(({ name }) => `subject/${name}`)];
    case 'rabbitmq':
      return ['server/rabbitmq', ...rabbitmqIds(pipeline)];
    case 'connect':
    case 'ksqldb':
      return [`server/${reference.head}`];
    default:
      return [];
  }
}
