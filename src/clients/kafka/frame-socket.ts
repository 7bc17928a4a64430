import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { EvpipeError } from '../../support/errors.js';
import type { LivenessWatch } from '../../support/liveness.js';
import { isTlsFailure, tlsSettings } from '../../support/tls-files.js';
import type { KafkaClientOptions } from './contract.js';

/** No answer that evpipe asks for is larger; a larger announcement is not Kafka (or an HTTP server's "HTTP", 1.2 GB). */
const FRAME_BYTES_MAX = 256 * 1024 * 1024;

interface Waiting {
  readonly correlationId: number;
  readonly resolve: (frame: Buffer) => void;
  readonly reject: (failure: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/** `host:port` of a broker. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/**
 * One connection to one broker: frames out, answers in, in the order of the requests (Kafka keeps it). An answer that
 * does not come in time ends the connection, because everything behind it is stuck as well.
 */
export class FrameSocket {
  private readonly waiting: Waiting[] = [];
  private readonly chunks: Buffer[] = [];
  private buffered = 0;
  private failure: unknown;
  private retired = false;
  /** While an answer is waited for. */
  private watch: LivenessWatch | undefined;

  private constructor(
    private readonly socket: Socket,
    readonly address: Address,
    private readonly options: KafkaClientOptions,
  ) {
    socket.on('data', (chunk) => this.receive(chunk));
    socket.on('error', (error) => this.end(error));
    socket.on('close', () => this.end(new Error('the broker closed the connection')));
  }

  static open(address: Address, options: KafkaClientOptions, timeoutMs: number): Promise<FrameSocket> {
    return new Promise((resolve, reject) => {
      const socket = dial(address, options);
      const give = (failure: Error) => {
        socket.destroy();
        reject(isTlsFailure(failure) ? untrustedBroker(address, failure) : unreachableBroker(address, failure));
      };
      const timer = setTimeout(() => give(new Error(`no connection within ${timeoutMs / 1000} s`)), timeoutMs);
      socket.once('error', (failure) => {
        clearTimeout(timer);
        give(failure);
      });
      socket.once(options.ssl ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.removeAllListeners('error');
        resolve(new FrameSocket(socket, address, options));
      });
    });
  }

  get open(): boolean {
    return this.failure === undefined;
  }

  /** Requests that wait for their answer. */
  get load(): number {
    return this.waiting.length;
  }

  /** Sends one frame (size and correlation id are in it) and gives the answer's frame, without its size. */
  exchange(parts: readonly Buffer[], correlationId: number, timeoutMs: number): Promise<Buffer> {
    if (this.failure !== undefined) return Promise.reject(unreachableBroker(this.address, this.failure));
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => this.end(new Error(`no answer within ${Math.round(timeoutMs) / 1000} s`)),
        timeoutMs,
      );
      this.waiting.push({ correlationId, resolve, reject, timer });
      this.watch ??= this.watched();
      if (parts.length === 1) this.socket.write(parts[0] as Buffer);
      else {
        this.socket.cork();
        for (const part of parts) this.socket.write(part);
        this.socket.uncork();
      }
    });
  }

  close(): void {
    this.end(new Error('this client was closed'));
  }

  /** Closes once what is on its way has been answered. */
  retire(): void {
    this.retired = true;
    if (this.waiting.length === 0) this.close();
  }

  private watched(): LivenessWatch | undefined {
    const { ssl = false, liveness } = this.options;
    const question = { protocol: 'kafka', ...this.address, tls: ssl !== false } as const;
    return liveness?.watch(question, () => this.end(silentBroker(this.address)));
  }

  private unwatch(): void {
    this.watch?.end();
    this.watch = undefined;
  }

  private end(failure: unknown): void {
    if (this.failure !== undefined) return;
    this.failure = failure;
    this.unwatch();
    this.socket.destroy();
    for (const { timer, reject } of this.waiting.splice(0)) {
      clearTimeout(timer);
      reject(unreachableBroker(this.address, failure));
    }
    this.chunks.length = 0;
  }

  private receive(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.buffered += chunk.length;
    while (this.failure === undefined && this.buffered >= 4) {
      const size = this.frameSize();
      if (size < 4 || size > FRAME_BYTES_MAX) {
        this.end(new Error(`a response of ${size} bytes was announced: this is not a Kafka broker, or it expects TLS`));
        return;
      }
      if (this.buffered < 4 + size) return;
      this.deliver(this.take(4 + size).subarray(4));
    }
  }

  private frameSize(): number {
    const first = this.chunks[0] as Buffer;
    if (first.length >= 4) return first.readInt32BE(0);
    const joined = Buffer.concat(this.chunks);
    this.chunks.splice(0, this.chunks.length, joined);
    return joined.readInt32BE(0);
  }

  private take(bytes: number): Buffer {
    const first = this.chunks[0] as Buffer;
    const all = first.length >= bytes ? first : Buffer.concat(this.chunks, this.buffered);
    if (all === first) {
      if (first.length === bytes) this.chunks.shift();
      else this.chunks[0] = first.subarray(bytes);
    } else {
      this.chunks.length = 0;
      if (all.length > bytes) this.chunks.push(all.subarray(bytes));
    }
    this.buffered -= bytes;
    return all.subarray(0, bytes);
  }

  private deliver(frame: Buffer): void {
    const waiting = this.waiting.shift();
    if (waiting === undefined || frame.readInt32BE(0) !== waiting.correlationId) {
      if (waiting !== undefined) this.waiting.unshift(waiting);
      this.end(new Error('the broker sent a response to no request'));
      return;
    }
    clearTimeout(waiting.timer);
    if (this.waiting.length === 0) this.unwatch();
    else this.watch?.heard();
    waiting.resolve(frame);
    if (this.retired && this.waiting.length === 0) this.close();
  }
}

function dial({ host, port }: Address, { ssl }: KafkaClientOptions): Socket {
  const socket = ssl
    ? connectTls({ host, port, ...(isIP(host) ? {} : { servername: host }), ...(ssl === true ? {} : tlsSettings(ssl)) })
    : connectTcp({ host, port });
  socket.setNoDelay(true);
  return socket;
}

const silentBroker = ({ host, port }: Address): EvpipeError =>
  new EvpipeError('EVPIPE_KAFKA_SILENT', `Kafka at ${host}:${port} has stopped answering`, { kind: 'unreachable' });

function unreachableBroker(address: Address, cause: unknown): EvpipeError {
  if (cause instanceof EvpipeError) return cause;
  const why =
    cause instanceof AggregateError ? String(cause.errors[0]) : cause instanceof Error ? cause.message : cause;
  return new EvpipeError('EVPIPE_KAFKA_UNREACHABLE', `Kafka at ${address.host}:${address.port}: ${why}`, {
    kind: 'unreachable',
    cause,
  });
}

const untrustedBroker = (address: Address, cause: Error): EvpipeError =>
  new EvpipeError('EVPIPE_KAFKA_TLS', `Kafka at ${address.host}:${address.port}: no TLS connection: ${cause.message}`, {
    kind: 'unreachable',
    todo: 'Check the ssl settings of this Kafka: the CA that signed its certificate, its host name, and whether the port speaks TLS at all.',
    cause,
  });
