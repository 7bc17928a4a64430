import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, systemClock } from '../../support/clock.js';
import { lockFolder } from '../../support/folder-lock.js';
import { readJson, writeJson } from '../../support/json-file.js';
import { type Log, silentLog } from '../../support/log.js';
import { Faults } from './faults/faults.js';
import { FetchSessions } from './fetch/sessions.js';
import { GroupCoordinator } from './groups/coordinator.js';
import { groupSetting } from './groups/group-settings.js';
import { importJournals } from './import-journals.js';
import type { LogContext } from './log/partition-log.js';
import type { KafkaOptions } from './options.js';
import { NamedConfigs, type NamedConfigsFile } from './resources/named-configs.js';
import { type Authorizer, aclSettings, authorizerOf } from './security/authorizer.js';
import { Credentials } from './security/credentials.js';
import { Quotas } from './security/quotas.js';
import { NODE_FILE } from './topics/broker-config-definitions.js';
import { TopicCatalog } from './topics/catalog.js';
import { BrokerSettings } from './topics/settings.js';
import { TransactionCoordinator } from './transactions/coordinator.js';
import { ProducerIds } from './transactions/producer-ids.js';

/** What a broker is, beside its topics; written when it is first started. */
interface BrokerFile {
  readonly version: 1;
  readonly clusterId: string;
  readonly config: Readonly<Record<string, string>>;
  /** Set for all brokers; absent in files of older versions. */
  readonly defaults?: Readonly<Record<string, string>>;
  readonly groups?: NamedConfigsFile;
  readonly clientMetrics?: NamedConfigsFile;
}

export const NODE_ID = 1;

/** Everything that request handlers work on: topics, groups, transactions, settings. It knows no sockets. */
export class Broker {
  readonly nodeId = NODE_ID;
  readonly clusterId: string;
  readonly dataDir: string;
  readonly settings: BrokerSettings;
  readonly configs: NamedConfigs;
  /** Of the one logger; not kept over a restart. */
  loggerLevel = 'INFO';
  readonly topics: TopicCatalog;
  readonly groups: GroupCoordinator;
  readonly producerIds: ProducerIds;
  readonly transactions: TransactionCoordinator;
  readonly credentials: Credentials;
  readonly quotas: Quotas;
  /** Undefined: everybody may do everything. */
  readonly authorizer: Authorizer | undefined;
  readonly sessions: FetchSessions;
  readonly faults = new Faults();
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  private readonly file: string;
  private readonly unlock: () => void;

  constructor(options: KafkaOptions) {
    this.clock = options.clock ?? systemClock;
    this.random = options.random ?? Math.random;
    this.log = options.log ?? silentLog;
    this.dataDir = options.dataDir;
    mkdirSync(options.dataDir, { recursive: true, mode: 0o700 });
    this.unlock = lockFolder(options.dataDir);
    this.file = join(options.dataDir, 'broker.json');
    const known = readJson<BrokerFile>(this.file, 1);
    this.clusterId = known?.clusterId ?? options.clusterId ?? this.uuid();
    const fixed = new Map(
      Object.entries({ ...NODE_FILE, 'log.dirs': options.dataDir, ...aclSettings(options), ...options.config }),
    );
    this.settings = new BrokerSettings(
      fixed,
      new Map(Object.entries(known?.config ?? {})),
      new Map(Object.entries(known === undefined ? this.elrDefaults(fixed) : (known.defaults ?? {}))),
    );
    this.configs = new NamedConfigs(known);
    const context: LogContext = { now: () => this.clock.now(), log: this.log };
    this.topics = new TopicCatalog(join(options.dataDir, 'topics'), this.settings, context, () => this.uuid());
    this.producerIds = new ProducerIds(join(options.dataDir, 'producer-ids.json'));
    importJournals(options.dataDir, this);
    this.groups = new GroupCoordinator(this);
    this.transactions = new TransactionCoordinator(this);
    this.transactions.recover();
    this.credentials = new Credentials(join(options.dataDir, 'credentials.json'), options.users ?? []);
    this.quotas = new Quotas(join(options.dataDir, 'quotas.json'), this.settings, this.clock);
    this.authorizer = this.unlockedBy(() => authorizerOf(options, this.settings));
    this.sessions = new FetchSessions(this.settings, this.random);
    if (known === undefined) this.save();
  }

  /** A folder whose options are refused can be used with others. */
  private unlockedBy<Result>(step: () => Result): Result {
    try {
      return step();
    } catch (failure) {
      this.unlock();
      throw failure;
    }
  }

  /** A new id in Kafka's form; never one that begins with a dash, as in Kafka, for the sake of command lines. */
  uuid(): string {
    for (;;) {
      const id = randomBytes(16).toString('base64url');
      if (!id.startsWith('-')) return id;
    }
  }

  /** Kafka pins this for all brokers when a cluster is made with eligible leader replicas (KIP-966). */
  private elrDefaults(fixed: ReadonlyMap<string, string>): Record<string, string> {
    return { 'min.insync.replicas': fixed.get('min.insync.replicas') ?? '1' };
  }

  /** A group's own setting (`consumer.session.timeout.ms` …), or the broker's. */
  groupSetting(groupId: string, name: string): string {
    return groupSetting(this.settings, this.configs.of('groups', groupId), name);
  }

  /** Keeps settings that were altered through the protocol. */
  save(): void {
    const config = Object.fromEntries(this.settings.altered);
    const defaults = Object.fromEntries(this.settings.alteredDefaults);
    const file: BrokerFile = { version: 1, clusterId: this.clusterId, config, defaults, ...this.configs.file() };
    writeJson(this.file, file);
  }

  close(): void {
    this.groups.close();
    this.topics.close();
    this.unlock();
  }
}
