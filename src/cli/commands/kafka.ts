import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { EvpipeError } from '../../support/errors.js';
import { lineLog, silentLog } from '../../support/log.js';
import type { CommandEntry } from '../command.js';
import { jsonLine } from '../event-printers.js';
import { EXIT } from '../exit-codes.js';

export const kafkaCommand: CommandEntry = {
  name: 'kafka',
  summary: 'run the embedded Kafka broker alone, for anybody’s tests, until Ctrl-C',
  examples: ['kafka --port 9092 --data ./kafka-data', 'kafka --port 0 --output json'],
  declare: (command) =>
    command
      .option('--port <port>', 'where to listen on 127.0.0.1; 0 takes a free one', '9092')
      .option('--data <folder>', 'where its data stays; without it the data goes when the broker ends'),
  run: async ({ shell, options }) => {
    const port = Number(options.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535) {
      throw new EvpipeError('EVPIPE_PORT', `--port ${String(options.port)} is no port`, { kind: 'usage' });
    }
    const { serveKafka } = await import('../../operations/serve.js');
    const kept = options.data === undefined ? undefined : resolve(shell.cwd, String(options.data));
    const dataDir = kept ?? (await mkdtemp(join(tmpdir(), 'evpipe-kafka-')));
    const log = options.verbose === true ? lineLog(shell.err) : silentLog;
    try {
      const { bootstrapServers, ended } = await serveKafka({ dataDir, port, log }, shell.signal);
      if (options.output === 'json') shell.out(jsonLine({ kind: 'ready', bootstrapServers, dataDir }));
      else
        shell.out(
          `Kafka serves ${bootstrapServers}; Ctrl-C ends it${kept === undefined ? ' and removes its data' : ''}.\n`,
        );
      await ended;
    } finally {
      if (kept === undefined) await rm(dataDir, { recursive: true, force: true });
    }
    return EXIT.interrupted;
  },
};
