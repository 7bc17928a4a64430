import type { Clock } from '../../support/clock.js';
import type { Log } from '../../support/log.js';
import type { AclOperation, ResourceType } from './security/acl.js';

export interface KafkaUser {
  readonly name: string;
  readonly password: string;
}

/** One rule of who may do what, in the terms of `kafka-acls`. */
export interface KafkaAcl {
  /** `User:ann`; `User:*` is everybody, `User:ANONYMOUS` who neither logged in nor showed a certificate. */
  readonly principal: string;
  /** Default ALLOW; what is denied counts more than what is allowed. */
  readonly permission?: 'ALLOW' | 'DENY';
  readonly operations: readonly AclOperation[];
  readonly resource: {
    readonly type: ResourceType;
    /** `*` is all of the type; the cluster's name is kafka-cluster. */
    readonly name: string;
    /** Default LITERAL. */
    readonly pattern?: 'LITERAL' | 'PREFIXED';
  };
  /** Default `*`: from everywhere. */
  readonly host?: string;
}

/** A further address to listen on, as clusters have them; TLS and SASL settings of clients can be tried out there. */
export interface KafkaListener {
  /** For example SASL_SSL. */
  readonly name: string;
  /** Default: that of the options. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** What its clients are told to connect to; default: `advertisedHost` of the options, or host and port themselves. */
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;
  /** PEM texts. `ca` together with `requestCert` asks clients for certificates. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly ca?: string; readonly requestCert?: boolean };
  /** Clients have to authenticate by one of these. */
  readonly sasl?: ReadonlyArray<'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512'>;
}

export interface KafkaOptions {
  /** Everything is kept here; made where it is missing. */
  readonly dataDir: string;
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
  /** What clients are told to connect to, where that is not host and port themselves; the port is that of `port`. */
  readonly advertisedHost?: string;
  readonly advertisedPort?: number;
  /** Broker settings by their Kafka names (num.partitions, auto.create.topics.enable, log.retention.ms …). */
  readonly config?: Readonly<Record<string, string>>;
  /** Clients of `port` have to authenticate by one of these; absent: anyone who reaches it may connect. */
  readonly sasl?: KafkaListener['sasl'];
  readonly listeners?: readonly KafkaListener[];
  /** Who may log in on listeners with SASL; more can be added through the protocol (SCRAM). */
  readonly users?: readonly KafkaUser[];
  /** Who may do everything (`User:admin`). These and `acls` switch Kafka's StandardAuthorizer on. */
  readonly superUsers?: readonly string[];
  /**
   * Made at the start where they are not there yet; more can be made through the protocol. In one line:
   * `User:ann allow read,describe topic:orders-*`, with a host behind it where it counts for one only.
   */
  readonly acls?: ReadonlyArray<KafkaAcl | string>;
  readonly clusterId?: string;
  readonly clock?: Clock;
  /** Random numbers from 0 to 1. */
  readonly random?: () => number;
  readonly log?: Log;
}
