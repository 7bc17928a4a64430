import { connect, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { decodeResponse, encodeRequest } from '../../src/protocol/kafka/codec.js';
import type { Api, Decoded, Fields, Given } from '../../src/protocol/kafka/schema.js';

/** Speaks the protocol by hand: for what no client library would send. */
export class RawClient {
  private readonly waiting: Array<(frame: Buffer) => void> = [];
  private received: Buffer = Buffer.alloc(0);
  private correlationId = 0;
  readonly closed: Promise<void>;

  private constructor(readonly socket: Socket) {
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()));
  }

  static open(address: string): Promise<RawClient> {
    const [host = '', port = ''] = address.split(':');
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), host, () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  /** By TLS, with a certificate of its own where the options have one. */
  static openTls(address: string, options: ConnectionOptions): Promise<RawClient> {
    const [host = '', port = ''] = address.split(':');
    return new Promise((resolve, reject) => {
      const socket = connectTls({ ...options, host, port: Number(port) }, () => resolve(new RawClient(socket)));
      socket.once('error', reject);
    });
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    while (this.received.length >= 4 && this.received.length >= 4 + this.received.readInt32BE(0)) {
      const end = 4 + this.received.readInt32BE(0);
      const frame = this.received.subarray(4, end);
      this.received = this.received.subarray(end);
      this.waiting.shift()?.(frame);
    }
  }

  async send<Request extends Fields, Response extends Fields>(
    api: Api<Request, Response>,
    version: number,
    value: Given<Request>,
  ): Promise<Decoded<Response>> {
    const frame = await this.sendBytes(
      Buffer.concat(encodeRequest(api, version, { correlationId: ++this.correlationId, clientId: 'raw' }, value)),
    );
    return decodeResponse(api, version, frame).value;
  }

  /** The next frame that comes, without its size; rejects where the connection ends instead. */
  sendBytes(bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.waiting.push(resolve);
      this.closed.then(() => reject(new Error('the broker closed the connection')));
      this.socket.write(bytes);
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
