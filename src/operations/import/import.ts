import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { openConnect } from '../../clients/connect/client.js';
import type { HttpAddress } from '../../clients/http/json-client.js';
import { connectKafka } from '../../clients/kafka/client.js';
import type { KafkaAccess } from '../../clients/kafka/contract.js';
import { connectKsqldb } from '../../clients/ksqldb/client.js';
import { connectSchemaRegistry } from '../../clients/schema-registry/client.js';
import type { FileKind } from '../../pipeline/kind.js';
import { loadPipeline } from '../../pipeline/load.js';
import type { Problem } from '../../pipeline/problem.js';
import { EvpipeError } from '../../support/errors.js';
import { Lifetime } from '../../support/lifetime.js';
import { Liveness } from '../../support/liveness.js';
import { nameProblem } from '../init/init.js';
import { fillFolder, requireEmpty } from '../init/new-folder.js';
import { readCluster } from './cluster.js';
import { pipelineFiles } from './files.js';
import { readMigrations } from './ksql.js';

/** The servers of a cluster; where one is undefined, its section is left out. */
export interface ImportAddresses {
  readonly kafka: KafkaAccess;
  readonly schemaRegistry: HttpAddress | undefined;
  readonly connect: HttpAddress | undefined;
  readonly ksqldb: HttpAddress | undefined;
}

export interface ImportInput extends ImportAddresses {
  /** Absolute; its last part is the pipeline's name. */
  readonly folder: string;
  /** Replaces the files of an earlier import; else the folder has to be missing or empty. */
  readonly force: boolean;
  /** What the written file is validated with. */
  readonly kinds: readonly FileKind[];
  readonly signal: AbortSignal;
}

export interface Imported {
  readonly counts: Readonly<Record<'topics' | 'subjects' | 'connectors' | 'statements', number>>;
  readonly notes: readonly string[];
  /** What `evpipe validate` says of the result; an error means that the cluster holds what a file can't say. */
  readonly problems: readonly Problem[];
}

/**
 * Writes a pipeline file from what a running cluster holds: it only reads there. Throws EVPIPE_NAME_INVALID and
 * EVPIPE_FOLDER_NOT_EMPTY (kind usage), and what the clients throw; then nothing has been written.
 */
export async function importPipeline(input: ImportInput): Promise<Imported> {
  const name = basename(input.folder);
  const problem = nameProblem(name);
  if (problem !== undefined) throw new EvpipeError('EVPIPE_NAME_INVALID', `${name}: ${problem}`, { kind: 'usage' });
  if (!input.force) requireEmpty(input.folder);
  const lifetime = new Lifetime();
  const liveness = new Liveness();
  try {
    const kafka = connectKafka({ ...input.kafka, clientId: 'evpipe-import', liveness });
    lifetime.onEnd(() => kafka.close());
    const registry =
      input.schemaRegistry === undefined
        ? undefined
        : connectSchemaRegistry({ ...input.schemaRegistry, liveness, signal: input.signal });
    const connect = input.connect === undefined ? undefined : openConnect({ ...input.connect, liveness });
    lifetime.onEnd(() => connect?.close());
    const ksqldb = input.ksqldb === undefined ? undefined : connectKsqldb({ ...input.ksqldb, liveness });
    lifetime.onEnd(() => ksqldb?.close());

    const found = await readCluster({ kafka, registry, connect });
    const migrations = ksqldb === undefined ? [] : await readMigrations(ksqldb);
    const { files, secrets, notes } = pipelineFiles(name, found, migrations);
    input.signal.throwIfAborted();
    await fillFolder(input.folder, (temporary) => {
      for (const [path, text] of files) {
        mkdirSync(dirname(join(temporary, path)), { recursive: true });
        writeFileSync(join(temporary, path), text);
      }
    });
    const env = Object.fromEntries([...secrets.keys()].map((variable) => [variable, 'as set']));
    const file = join(input.folder, 'evpipe.yaml');
    const { problems } = existsSync(file)
      ? loadPipeline({ files: [file], profiles: [], env, cwd: dirname(input.folder) }, input.kinds)
      : { problems: [] };
    return {
      counts: {
        topics: found.topics.length,
        subjects: found.subjects.length,
        connectors: found.connectors.length,
        statements: migrations.length,
      },
      notes,
      problems,
    };
  } finally {
    await lifetime.end();
  }
}
