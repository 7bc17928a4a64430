import type { Api } from '../../../protocol/kafka/schema.js';
import type { Broker } from '../broker.js';
import type { Asker, Operation, ResourceType } from '../security/acl.js';
import type { SaslMechanism } from '../security/credentials.js';
import type { MutationQuota, RateQuota } from '../security/quotas.js';
import type { SaslSession } from '../security/sasl-session.js';

/** Who asks: a connection as request handlers see it. */
export interface Peer {
  readonly host: string;
  /** The listener it came through: clients are told that listener's address. */
  readonly listener: ListenerAddress;
  /** Calls back once when the connection is gone, unless the returned function is called before. */
  onClose(callback: () => void): () => void;
  /** `User:name` of who logged in or showed a certificate; undefined before that, and without either. */
  principal: string | undefined;
  /** A login that is under way. */
  sasl: SaslSession | undefined;
  /** Its messages come as frames of their own and not in SaslAuthenticate requests (SaslHandshake version 0). */
  bareSasl: boolean;
  /** Once the answer to this request was sent, nothing more is read for so long. */
  throttle(ms: number): void;
  /** Ends the connection once the answer to this request was sent. */
  closeAfterAnswer(): void;
  /** Ends the connection at once, with what else it has asked. */
  destroy(): void;
}

export interface ListenerAddress {
  readonly name: string;
  readonly host: string;
  port: number;
  /** Clients have to log in by one of these; undefined: they needn't. */
  readonly sasl: readonly SaslMechanism[] | undefined;
}

const userOf = (peer: Peer): string => (peer.principal ?? ANONYMOUS).replace(/^User:/, '');

/** Counts what the client used against its quota and throttles it; the milliseconds that its answer has to tell. */
export function throttled({ broker, peer, clientId }: Call, quota: RateQuota, amount: number): number {
  const ms = broker.quotas.throttleMs(quota, userOf(peer), clientId, amount);
  if (ms > 0) peer.throttle(ms);
  return ms;
}

/** What the client's changes of topics are counted against; undefined where it has no quota. */
export const mutationQuota = ({ broker, peer, clientId }: Call): MutationQuota | undefined =>
  broker.quotas.mutations(userOf(peer), clientId);

const ANONYMOUS = 'User:ANONYMOUS';

const askerOf = ({ principal = ANONYMOUS, host }: Peer): Asker => ({ principal, host });

/** Whether the client may do this; without an authorizer everybody may do everything. */
export function may({ broker, peer }: Call, operation: Operation, type: ResourceType, name: string): boolean {
  return broker.authorizer === undefined || broker.authorizer.allows(askerOf(peer), operation, type, name);
}

/** The same for any resource of a type. */
export function mayOnSome({ broker, peer }: Call, operation: Operation, type: ResourceType): boolean {
  return broker.authorizer === undefined || broker.authorizer.allowsOnSome(askerOf(peer), operation, type);
}

/** A request that is answered, in which versions. */
export interface Answered {
  readonly api: Api;
  /** Inclusive; what ApiVersions announces. */
  readonly versions: readonly [min: number, max: number];
}

/** One request on its way through its handler. */
export interface Call {
  readonly broker: Broker;
  readonly peer: Peer;
  readonly version: number;
  readonly clientId: string;
  /** All requests that are answered; from here and not imported, because the table imports the handlers. */
  readonly handlers: readonly Answered[];
}
