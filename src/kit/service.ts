import { randomUUID } from 'node:crypto';
import { EvpipeError, messageOf } from '../support/errors.js';
import { Lifetime } from '../support/lifetime.js';
import { type Log, outputLog } from '../support/log.js';
import { writtenTls } from '../support/tls-variables.js';
import type { ReceiverOptions } from './amqp/receiver.js';
import type { Avro } from './avro.js';
import type { Cache } from './cache.js';
import type { ConsumerOptions } from './consumer.js';
import type { Database } from './database.js';
import type { DocumentStore } from './document-store.js';
import type { Mailer } from './mail.js';
import type { PollingOutbox, PollingOutboxOptions, Publisher } from './polling-outbox.js';
import type { Site } from './web.js';

/** Longer than what a service has in hand takes to end; shorter than the supervisor waits before it kills (5 s). */
const STOP_MS = 4_000;

/**
 * What a service is given. Everything it opens here is closed in reverse order when the service ends. Parts are
 * loaded when they are first asked for, so that a consumer pays for no web server and a web service for no Kafka client.
 */
export interface Service {
  readonly log: Log;
  /** A variable of the environment that must be there; throws EVPIPE_SERVICE_ENV_MISSING. */
  env(name: string): string;
  /** The database of DATABASE_URL, or of another variable. */
  database(variable?: string): Promise<Database>;
  /** The Redis of REDIS_URL, or of another variable; undefined where that is empty: the pipeline has none. */
  cache(variable?: string): Promise<Cache | undefined>;
  /** Sends mails by SMTP_URL, or, where that is not set, into the folder MAIL_FOLDER. */
  mailer(): Promise<Mailer>;
  /** The document store of DOCUMENTS_URL, or of another variable. */
  documents(variable?: string): Promise<DocumentStore>;
  /** Avro by the registry of SCHEMA_REGISTRY_URL, or of another variable. */
  avro(variable?: string): Promise<Avro>;
  /**
   * Serves a site on HOST and PORT; resolves once it listens. It answers to loopback names and to those of ALLOWED_HOSTS
   * (comma-separated; `*` is any), and signs its sessions with SESSION_SECRET.
   */
  serve(site: Site): Promise<{ readonly port: number }>;
  /** Reads topics of KAFKA_BOOTSTRAP_SERVERS in a consumer group; resolves once it has joined. */
  consume(options: ConsumerOptions): Promise<void>;
  /** An outbox table that this service itself sends from: to Kafka at KAFKA_BOOTSTRAP_SERVERS, unless `publisher` says where else. */
  pollingOutbox(options: PollingOutboxOptions): Promise<PollingOutbox>;
  /** A publisher for an outbox, to the exchanges of RABBITMQ_URL (an event's topic; '' is the default exchange); a broker that is away is waited for. */
  rabbitmqPublisher(): Promise<Publisher>;
  /** Receives from a queue of RABBITMQ_URL; a broker that is away is waited for. */
  receive(options: ReceiverOptions): Promise<void>;
  /** Runs when the service ends. */
  onEnd(cleanup: () => void | Promise<void>): void;
  /** Ends the service with this failure: its parts call it when they can't go on. */
  fail(failure: unknown): void;
}

export interface ServiceContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly log: Log;
  readonly onFailure: (failure: unknown) => void;
}

export interface StartedService {
  /** Undefined where the service listens nowhere. */
  readonly port: number | undefined;
  stop(): Promise<void>;
}

export type Main = (service: Service) => Promise<void>;

/** Starts a service in this process: `runService` without a process of its own, for tests. */
export async function startService(main: Main, { env, log, onFailure }: ServiceContext): Promise<StartedService> {
  const lifetime = new Lifetime();
  let port: number | undefined;
  const variable = (name: string): string => {
    const value = env[name];
    if (value !== undefined && value !== '') return value;
    throw new EvpipeError('EVPIPE_SERVICE_ENV_MISSING', `the environment has no ${name}`, {
      todo: `Give it in the service's env: of the pipeline file.`,
    });
  };
  const kafkaPublisher = async (): Promise<Publisher> => {
    const [{ openKafkaPublisher }, { kafkaOf }] = await Promise.all([
      import('./kafka-publisher.js'),
      import('./kafka-settings.js'),
    ]);
    return openKafkaPublisher(kafkaOf(variable('KAFKA_BOOTSTRAP_SERVERS'), env), log);
  };
  const service: Service = {
    log,
    env: variable,
    async database(name = 'DATABASE_URL') {
      const { openDatabase } = await import('./database.js');
      const database = openDatabase(variable(name), env.SERVICE_NAME ?? 'service', log);
      lifetime.onEnd(() => database.close());
      return database;
    },
    async cache(name = 'REDIS_URL') {
      const url = env[name];
      if (url === undefined || url === '') return undefined;
      const { openCache } = await import('./cache.js');
      const cache = openCache(url, log);
      lifetime.onEnd(() => cache.close());
      return cache;
    },
    async mailer() {
      const { smtpMailer, folderMailer } = await import('./mail.js');
      const { SMTP_URL: smtp } = env;
      const mailer = smtp === undefined || smtp === '' ? folderMailer(variable('MAIL_FOLDER')) : smtpMailer(smtp);
      lifetime.onEnd(() => mailer.close());
      return mailer;
    },
    async documents(name = 'DOCUMENTS_URL') {
      const { openDocumentStore } = await import('./documents.js');
      const store = await openDocumentStore(variable(name), env.SERVICE_NAME ?? 'service', log);
      lifetime.onEnd(() => store.close());
      return store;
    },
    async avro(name = 'SCHEMA_REGISTRY_URL') {
      const { openAvro } = await import('./avro.js');
      const get = (field: string) => env[`SCHEMA_REGISTRY_${field}`] || undefined;
      return openAvro({ url: variable(name), token: get('TOKEN'), ssl: writtenTls(get) });
    },
    async serve(site) {
      const { serve } = await import('./web.js');
      const server = await serve(site, {
        host: env.HOST ?? '127.0.0.1',
        port: Number(env.PORT ?? 0),
        secret: env.SESSION_SECRET ?? randomUUID(), // without one, sessions end with the service
        allowedHosts: (env.ALLOWED_HOSTS ?? '').split(',').filter((name) => name !== ''),
        log,
      });
      lifetime.onEnd(() => server.close());
      port = server.port;
      log.info(`${site.title} answers`, { url: server.url });
      return { port: server.port };
    },
    async consume(options) {
      const [{ startConsumer }, { kafkaOf }] = await Promise.all([
        import('./consumer.js'),
        import('./kafka-settings.js'),
      ]);
      const consumer = await startConsumer(options, {
        access: kafkaOf(variable('KAFKA_BOOTSTRAP_SERVERS'), env),
        log,
        onFailure,
      });
      lifetime.onEnd(() => consumer.stop());
    },
    async pollingOutbox(options) {
      const { startPollingOutbox } = await import('./polling-outbox.js');
      const publisher = options.publisher ?? (await kafkaPublisher());
      lifetime.onEnd(() => publisher.close());
      const outbox = startPollingOutbox({ ...options, publisher }, log);
      lifetime.onEnd(() => outbox.stop());
      return outbox;
    },
    async rabbitmqPublisher() {
      const { openRabbitmqPublisher } = await import('./amqp/publisher.js');
      return openRabbitmqPublisher(variable('RABBITMQ_URL'), log);
    },
    async receive(options) {
      const { startReceiver } = await import('./amqp/receiver.js');
      const receiver = startReceiver(options, { url: variable('RABBITMQ_URL'), log });
      lifetime.onEnd(() => receiver.stop());
    },
    onEnd: (cleanup) => lifetime.onEnd(cleanup),
    fail: onFailure,
  };
  try {
    await main(service);
  } catch (failure) {
    await lifetime.end();
    throw failure;
  }
  return { port, stop: () => lifetime.end() };
}

/**
 * The body of a service's module. SIGTERM and SIGINT end it in order with exit code 0; a failure ends it in order
 * too (a consumer leaves its group, so that its members don't wait for a session timeout) with exit code 1, for the
 * supervisor to start it again.
 */
export function runService(main: Main): void {
  const log = outputLog;
  let ending = false;
  let started: Promise<StartedService>;

  const end = (code: number): void => {
    if (ending) return;
    ending = true;
    setTimeout(() => {
      log.error('gave up waiting for what was in hand');
      process.exit(1);
    }, STOP_MS).unref();
    started
      .then(
        (service) => service.stop(),
        () => {}, // what failed to start has been reported and cleaned up
      )
      .then(
        () => process.exit(code),
        (failure: unknown) => {
          log.error(`could not end in order: ${messageOf(failure)}`);
          process.exit(1);
        },
      );
  };
  const onFailure = (failure: unknown): void => {
    log.error(describe(failure));
    end(1);
  };

  process.on('SIGTERM', () => end(0));
  process.on('SIGINT', () => end(0));
  process.on('uncaughtException', onFailure);
  process.on('unhandledRejection', onFailure);
  started = startService(main, { env: process.env, log, onFailure });
  started.catch(onFailure);
}

/** An expected failure in a sentence; a defect with its stack. */
function describe(failure: unknown): string {
  if (failure instanceof EvpipeError) return `${failure.message} ${failure.todo ?? ''}`.trim();
  return failure instanceof Error ? (failure.stack ?? failure.message) : String(failure);
}
