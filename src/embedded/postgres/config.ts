/**
 * postgresql.conf as evpipe writes it before every start; `ALTER SYSTEM` (postgresql.auto.conf) still wins over it.
 * A development server: little memory, few processes, and it forgives a killed process but not a power cut.
 */
export function postgresqlConf(host: string): string {
  const settings: Readonly<Record<string, string>> = {
    listen_addresses: quoted(host),
    unix_socket_directories: quoted(''), // TCP on the loopback only: no socket path that could be too long or be left behind
    max_connections: '200',
    shared_buffers: '48MB',
    dynamic_shared_memory_type: 'mmap', // files of the data folder: of a killed server nothing stays in /dev/shm
    io_method: 'sync', // the default of 18 keeps three worker processes for it

    wal_level: 'logical',
    max_wal_senders: '64',
    max_replication_slots: '64',
    max_wal_size: '512MB',
    min_wal_size: '48MB',
    wal_sender_timeout: quoted('60s'),
    track_commit_timestamp: 'on', // `trace` says when a row was committed

    max_parallel_workers: '2',
    max_worker_processes: '8',
    jit: 'off',
    autovacuum_naptime: quoted('1min'),
    max_logical_replication_workers: '0', // no subscriptions here: saves the launcher process

    scram_iterations: SCRAM_ITERATIONS,
    password_encryption: quoted('scram-sha-256'),

    log_destination: quoted('stderr'),
    logging_collector: 'off',
    log_checkpoints: 'off',
    log_line_prefix: quoted('%m [%p] %q%u@%d '),
    log_timezone: quoted('UTC'),
    timezone: quoted('UTC'),
    lc_messages: quoted('C'), // the "ready" line has to be English
    default_text_search_config: quoted('pg_catalog.simple'),
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  return `# Written by evpipe before every start; use ALTER SYSTEM for your own settings.\n${lines.join('\n')}\n`;
}

/** The generated password has 192 random bits: stretching it would only cost every connection its milliseconds. */
export const SCRAM_ITERATIONS = '64';

const quoted = (text: string): string => `'${text}'`;
