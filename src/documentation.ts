import { existsSync, readFileSync } from 'node:fs';
import { commandsDocumentation } from './cli/documentation.js';
import { outputDocumentation, outputSchemaText } from './cli/output-documentation.js';
import { consistencyDocumentation } from './consistency/documentation.js';
import { amqpDocumentation } from './embedded/amqp/documentation.js';
import { connectDocumentation } from './embedded/connect/documentation.js';
import { kafkaDocumentation } from './embedded/kafka/documentation.js';
import { ksqldbDocumentation } from './embedded/ksqldb/documentation.js';
import { schemaRegistryDocumentation } from './embedded/schema-registry/documentation.js';
import { KINDS } from './kinds/table.js';
import { pipelineReadmes } from './operations/readme/pipeline-readmes.js';
import { pipelineFileDocumentation } from './pipeline/documentation.js';
import { packageFile } from './support/package.js';

export interface GeneratedFile {
  /** Absolute. */
  readonly file: string;
  /** Undefined where the file is missing. */
  readonly committed: string | undefined;
  readonly wanted: string;
}

/** Files of docs/, each from the tables that the code itself works by. */
const PAGES: Readonly<Record<string, () => string>> = {
  'amqp.md': amqpDocumentation,
  'commands.md': commandsDocumentation,
  'connect.md': connectDocumentation,
  'json-output.md': outputDocumentation,
  'json-output.schema.json': outputSchemaText,
  'kafka.md': kafkaDocumentation,
  'ksqldb.md': ksqldbDocumentation,
  'pipeline-file.md': () => pipelineFileDocumentation(KINDS),
  'schema-registry.md': schemaRegistryDocumentation,
  'verify-consistency.md': consistencyDocumentation,
};

/** Everything that `npm run docs` writes, and that `npm run check` compares with what is committed. */
export function generatedFiles(): readonly GeneratedFile[] {
  const pages = Object.entries(PAGES).map(([name, documentation]) => {
    const file = packageFile('docs', name);
    const committed = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    return { file, committed, wanted: documentation() };
  });
  return [...pages, ...pipelineReadmes(KINDS)];
}
