import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PreparedCommand } from '../../support/prepared.js';

export interface RedisOptions {
  /** The redis-server of the system, absolute. */
  readonly program: string;
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly password: string;
  /** How many databases it has: one a cache. */
  readonly databases: number;
}

/** A cache that grows beyond it drops what was used least lately. */
const MEMORY_MAX = '256mb';

/** Writes its configuration, readable by this user alone: a command line is readable by everyone. Nothing is kept on disk: it is a cache. */
export async function prepareRedis(options: RedisOptions): Promise<PreparedCommand> {
  const { program, dataDir, host, port, password, databases } = options;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'redis.conf');
  const lines = [
    `bind ${host}`,
    `port ${port}`,
    `requirepass ${password}`,
    'protected-mode yes',
    'daemonize no',
    'logfile ""',
    `dir ${JSON.stringify(dataDir)}`,
    'save ""',
    'appendonly no',
    `databases ${databases}`,
    `maxmemory ${MEMORY_MAX}`,
    'maxmemory-policy allkeys-lru',
  ];
  writeFileSync(`${file}.tmp`, `${lines.join('\n')}\n`, { mode: 0o600 });
  renameSync(`${file}.tmp`, file);
  return {
    command: [program, file],
    env: {},
    cwd: dataDir,
    port,
    readyText: 'Ready to accept connections',
    stopSignal: 'SIGTERM',
  };
}
