import { Option } from 'commander';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';
import { librdkafkaText, propertiesText } from '../kafka-client-properties.js';
import { openPipeline } from '../open-pipeline.js';
import { withSession } from '../session.js';

export const envCommand: CommandEntry = {
  name: 'env [pipeline]',
  summary: 'print the addresses of everything that runs as shell exports, passwords included',
  examples: ['env', 'env --output json', 'env --kafka java > client.properties', 'env --kafka librdkafka > kcat.conf'],
  declare: (command) =>
    command
      .addOption(
        new Option('--kafka <client>', 'instead: what a client of this Kafka has to be told, login included').choices([
          'java',
          'librdkafka',
        ]),
      )
      .addHelpText('after', '\nLoad them into a shell with: eval "$(evpipe env)"'),
  run: async ({ shell, options, operands: [operand] }) => {
    const pipeline = await openPipeline(shell, { ...options, quiet: true }, operand);
    return withSession(pipeline, { shell, options, emit: () => {} }, async (session) => {
      const { addresses, kafkaSettings } = await import('../../operations/run/env.js');
      if (options.kafka !== undefined) {
        const isJava = options.kafka === 'java';
        const settings = await kafkaSettings(session, isJava ? 'java' : 'librdkafka');
        const written = isJava ? propertiesText : librdkafkaText;
        shell.out(options.output === 'json' ? jsonLine(settings) : written(settings));
        return EXIT.done;
      }
      const variables = await addresses(session);
      if (options.output === 'json') shell.out(jsonLine(variables));
      else for (const [name, value] of Object.entries(variables)) shell.out(`export ${name}=${shellQuoted(value)}\n`);
      return EXIT.done;
    });
  },
};

/** As one word of any POSIX shell. */
export function shellQuoted(value: string): string {
  return /^[\w@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", "'\\''")}'`;
}
