import 'pg';

/** What pg has and its types leave out. */
declare module 'pg' {
  interface ClientConfig {
    /** A connection for logical replication. */
    replication?: 'database';
  }

  interface Client {
    /** What a request to cancel names. */
    readonly processID: number;
    readonly secretKey: number;
  }

  interface Connection {
    connect(port: number, host: string): void;
    /** Reads what comes, also anew once the stream is another one (TLS). */
    attachListeners(stream: { on(event: string, listener: (bytes: Buffer) => void): unknown }): void;
    sendCopyFromChunk(chunk: Buffer): void;
  }
}
