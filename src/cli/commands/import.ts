import { relative, resolve } from 'node:path';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { problemLine } from '../open-pipeline.js';

export const importCommand: CommandEntry = {
  name: 'import <name>',
  summary: 'write a pipeline file from what exists on a running cluster; secrets are left out',
  examples: [
    'import shop --bootstrap-servers localhost:9092 --schema-registry-url http://localhost:8081 --connect-url http://localhost:8083 --ksqldb-url http://localhost:8088',
    'import shop --force',
  ],
  declare: (command) =>
    command
      .option('--bootstrap-servers <addresses>', 'Kafka; else EVPIPE_KAFKA_BOOTSTRAP_SERVERS')
      .option('--schema-registry-url <url>', 'else EVPIPE_SCHEMA_REGISTRY_URL; with neither there are no schemas')
      .option('--connect-url <url>', 'else EVPIPE_CONNECT_URL; with neither there are no connectors')
      .option('--ksqldb-url <url>', 'else EVPIPE_KSQLDB_URL; with neither there are no streams')
      .option('--force', 'overwrite existing files')
      .addHelpText(
        'after',
        '\nLogins and certificates are read from the environment: EVPIPE_KAFKA_SASL_MECHANISM, EVPIPE_KAFKA_USERNAME … (README, Targets).',
      ),
  run: async ({ shell, options, operands: [operand = ''] }) => {
    const given = (option: string): string | undefined => options[option] as string | undefined;
    const folder = resolve(shell.cwd, operand);
    const [{ importPipeline }, { importAddresses }, { KINDS }] = await Promise.all([
      import('../../operations/import/import.js'),
      import('../../operations/import/addresses.js'),
      import('../../kinds/table.js'),
    ]);
    const addresses = importAddresses(
      {
        bootstrapServers: given('bootstrapServers'),
        schemaRegistryUrl: given('schemaRegistryUrl'),
        connectUrl: given('connectUrl'),
        ksqldbUrl: given('ksqldbUrl'),
      },
      { env: shell.env, folder: shell.cwd },
    );
    const { counts, notes, problems } = await importPipeline({
      folder,
      force: options.force === true,
      kinds: KINDS,
      ...addresses,
      signal: shell.signal,
    });
    const errors = problems.filter(({ severity }) => severity === 'error');
    const exitCode = errors.length > 0 ? EXIT.failed : EXIT.done;
    for (const problem of options.quiet === true ? errors : problems) shell.err(problemLine(problem, options));
    if (options.output === 'json') shell.out(jsonLine({ kind: 'result', exitCode, folder, counts, notes }));
    else if (options.quiet !== true) {
      const place = relative(shell.cwd, folder) || '.';
      const found = Object.entries(counts).map(([what, count]) => `${count} ${what}`);
      shell.out(`${place}/evpipe.yaml is written: ${found.join(', ')}.\n`);
      for (const note of notes) shell.err(`  ${note}\n`);
      shell.out(`  next  ${shell.self} validate ${place}\n`);
    }
    return exitCode;
  },
};
