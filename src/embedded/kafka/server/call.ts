import type { Broker } from '../broker.js';
import type { Handler } from '../requests/handler.js';

/** Who asks: a connection as request handlers see it. */
export interface Peer {
  readonly host: string;
  /** The listener it came through: clients are told that listener's address. */
  readonly listener: ListenerAddress;
  /** Calls back once when the connection is gone, unless the returned function is called before. */
  onClose(callback: () => void): () => void;
  /** What an authenticated connection may be called; ANONYMOUS without SASL. */
  principal: string;
}

export interface ListenerAddress {
  readonly name: string;
  readonly host: string;
  port: number;
}

/** One request on its way through its handler. */
export interface Call {
  readonly broker: Broker;
  readonly peer: Peer;
  readonly version: number;
  readonly clientId: string;
  /** All requests that are answered; from here and not imported, because the table imports the handlers. */
  readonly handlers: readonly Handler[];
}
