import type { Socket } from 'node:net';
import {
  FRAME_BODY,
  FRAME_HEADER,
  FRAME_HEARTBEAT,
  FRAME_METHOD,
  FRAME_MIN_SIZE,
  type Frame,
  PROTOCOL_HEADER,
} from '../../../protocol/amqp/frame.js';
import { MalformedFrame } from '../../../protocol/amqp/malformed.js';
import type { Args, Method } from '../../../protocol/amqp/method.js';
import {
  channelOpen,
  channelOpenOk,
  connectionBlocked,
  connectionClose,
  connectionCloseOk,
  connectionOpen,
  connectionOpenOk,
  connectionStart,
  connectionStartOk,
  connectionTune,
  connectionTuneOk,
  connectionUnblocked,
  connectionUpdateSecret,
  connectionUpdateSecretOk,
  decodeMethod,
} from '../../../protocol/amqp/methods.js';
import { messageOf } from '../../../support/errors.js';
import { AmqpError } from '../amqp-error.js';
import type { Broker } from '../broker.js';
import { HANDLERS } from '../methods/table.js';
import { Channel, shortened } from './channel.js';
import { FrameInput } from './frame-input.js';
import { capabilitiesOf, credentialsOf, MECHANISMS, serverProperties } from './handshake.js';
import { Heartbeat } from './heartbeat.js';
import { Output } from './output.js';

export const FRAME_BYTES_MAX = 131_072;
const CHANNEL_MAX = 2047;
const HEARTBEAT_S = 60;
/** A client that has not said who it is by then is ended. */
const HANDSHAKE_MS = 10_000;
/** A client has this long to answer a close. */
const CLOSE_MS = 5_000;

type State = 'header' | 'start' | 'tune' | 'open' | 'running' | 'closing' | 'closed';

/**
 * One client. It sends the protocol header, then start-ok, tune-ok and open, each when it was asked for it (the states
 * bear the names of what is waited for); then it is running until one side closes. While closing (our close is out)
 * everything but the client's close and close-ok is ignored. Whatever makes no sense ends this connection only.
 */
export class Connection {
  readonly output: Output;
  readonly peer: string;
  frameBytesMax = FRAME_MIN_SIZE;
  private channelMax = CHANNEL_MAX;
  private state: State = 'header';
  private header: Buffer = Buffer.alloc(0);
  private capabilities: ReadonlySet<string> = new Set();
  private heartbeat: Heartbeat | undefined;
  private readonly input: FrameInput;
  private readonly channels = new Map<number, Channel>();
  private cancelDeadline: () => void;
  private readonly unwatch: () => void;
  private readonly closeCallbacks: Array<() => void> = [];

  constructor(
    readonly broker: Broker,
    private readonly socket: Socket,
  ) {
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.output = new Output(socket, broker.commits, () => this.relieved());
    this.input = new FrameInput(
      () => this.frameBytesMax,
      (frame) => this.receive(frame),
    );
    this.cancelDeadline = broker.clock.schedule(HANDSHAKE_MS, () => socket.destroy());
    this.unwatch = broker.commits.watch((failure) => this.diskChanged(failure));
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', () => socket.destroy()); // a reset connection is a client's business
    socket.on('close', () => this.ended());
  }

  get channelCount(): number {
    return this.channels.size;
  }

  /** It has said who it is, and is not about to end. */
  get isRunning(): boolean {
    return this.state === 'running';
  }

  onClose(callback: () => void): void {
    this.closeCallbacks.push(callback);
  }

  /** Whether the client says it can do something. */
  can(capability: string): boolean {
    return this.capabilities.has(capability);
  }

  private take(chunk: Buffer): void {
    if (this.heartbeat !== undefined) this.heartbeat.received = true;
    try {
      const bytes = this.state === 'header' ? this.takeHeader(chunk) : chunk;
      if (bytes !== undefined && bytes.length > 0) this.input.receive(bytes);
    } catch (failure) {
      this.failed(failure);
    }
    if (this.output.isStuck) this.socket.pause();
  }

  /** What comes behind the protocol header, if that is there. */
  private takeHeader(chunk: Buffer): Buffer | undefined {
    this.header = Buffer.concat([this.header, chunk]);
    if (this.header.length < PROTOCOL_HEADER.length) return undefined;
    if (!this.header.subarray(0, PROTOCOL_HEADER.length).equals(PROTOCOL_HEADER)) {
      this.socket.end(PROTOCOL_HEADER); // tells which version is spoken
      this.end();
      return undefined;
    }
    const rest = this.header.subarray(PROTOCOL_HEADER.length);
    this.header = Buffer.alloc(0);
    this.state = 'start';
    this.output.method(0, connectionStart, {
      versionMajor: 0,
      versionMinor: 9,
      serverProperties: serverProperties(),
      mechanisms: Buffer.from(MECHANISMS.join(' ')),
      locales: Buffer.from('en_US'),
    });
    return rest;
  }

  private failed(failure: unknown): void {
    if (failure instanceof MalformedFrame) {
      this.fail(new AmqpError(failure.replyCode === 501 ? 'FRAME_ERROR' : 'SYNTAX_ERROR', failure.message));
      return;
    }
    if (failure instanceof AmqpError) {
      this.fail(failure);
      return;
    }
    const text = failure instanceof Error ? (failure.stack ?? failure.message) : messageOf(failure);
    this.broker.log.error('a request failed', { client: this.peer, failure: text });
    this.fail(new AmqpError('INTERNAL_ERROR', messageOf(failure)));
  }

  private receive(frame: Frame): void {
    if (this.state === 'closed') return;
    if (frame.type === FRAME_HEARTBEAT) return;
    if (frame.type !== FRAME_METHOD && frame.type !== FRAME_HEADER && frame.type !== FRAME_BODY) {
      throw new MalformedFrame(`type ${frame.type}, ${frame.payload.length} octets`, 501);
    }
    if (this.state === 'closing') {
      this.receiveClosing(frame);
      return;
    }
    if (frame.channel === 0) {
      if (frame.type !== FRAME_METHOD) throw new AmqpError('UNEXPECTED_FRAME', 'expected method frame on channel 0');
      const { method, args } = decodeMethod(frame.payload);
      this.call(method, args);
      return;
    }
    if (this.state !== 'running') throw new AmqpError('CHANNEL_ERROR', 'the connection is not open yet');
    const channel = this.channels.get(frame.channel);
    if (channel === undefined) this.openChannel(frame);
    else channel.receive(frame);
  }

  private receiveClosing(frame: Frame): void {
    if (frame.channel !== 0 || frame.type !== FRAME_METHOD) return;
    const { method } = decodeMethod(frame.payload);
    if (method === connectionClose) this.output.method(0, connectionCloseOk, {});
    if (method === connectionClose || method === connectionCloseOk) this.finish();
  }

  private openChannel(frame: Frame): void {
    const method = frame.type === FRAME_METHOD ? decodeMethod(frame.payload).method : undefined;
    if (method !== channelOpen) throw new AmqpError('CHANNEL_ERROR', "expected 'channel.open'");
    if (this.channels.size >= this.channelMax) {
      throw new AmqpError(
        'NOT_ALLOWED',
        `number of channels opened (${this.channels.size}) has reached the negotiated channel_max (${this.channelMax})`,
      );
    }
    const channel = new Channel(this, frame.channel, HANDLERS);
    this.channels.set(frame.channel, channel);
    channel.send(channelOpenOk, { reserved1: Buffer.alloc(0) });
  }

  /** The channel's number is free again. */
  forget(channel: Channel): void {
    if (this.channels.get(channel.number) === channel) this.channels.delete(channel.number);
  }

  private call(method: Method, args: Args): void {
    if (method === connectionClose) {
      this.leave();
      this.output.method(0, connectionCloseOk, {});
      this.finish();
    } else if (this.state === 'start' && method === connectionStartOk) {
      this.authenticate(args as Args<typeof connectionStartOk.fields>);
    } else if (this.state === 'tune' && method === connectionTuneOk) {
      this.tune(args as Args<typeof connectionTuneOk.fields>);
    } else if (this.state === 'open' && method === connectionOpen) {
      this.open((args as Args<typeof connectionOpen.fields>).virtualHost);
    } else if (this.state === 'running' && method === connectionUpdateSecret) {
      this.output.method(0, connectionUpdateSecretOk, {}); // passwords do not run out here
    } else {
      throw new AmqpError('CHANNEL_ERROR', `${method.name} was not expected on channel 0`);
    }
  }

  private authenticate({ clientProperties, mechanism, response }: Args<typeof connectionStartOk.fields>): void {
    this.capabilities = capabilitiesOf(clientProperties);
    if (!MECHANISMS.includes(mechanism)) {
      this.refuse(`unknown SASL mechanism ${mechanism}`);
      return;
    }
    const found = credentialsOf(mechanism, response);
    if (found?.user !== this.broker.user || found.password !== this.broker.password) {
      this.refuse(`Login was refused using authentication mechanism ${mechanism}. For details see the broker logfile.`);
      return;
    }
    this.state = 'tune';
    this.output.method(0, connectionTune, {
      channelMax: CHANNEL_MAX,
      frameMax: FRAME_BYTES_MAX,
      heartbeat: HEARTBEAT_S,
    });
  }

  /** Clients that do not expect a close in the handshake just see the socket end. */
  private refuse(text: string): void {
    this.broker.log.warn('a login was refused', { client: this.peer });
    if (this.can('authentication_failure_close')) this.fail(new AmqpError('ACCESS_REFUSED', text));
    else this.finish();
  }

  private tune({ channelMax, frameMax, heartbeat }: Args<typeof connectionTuneOk.fields>): void {
    if (frameMax > FRAME_BYTES_MAX || (frameMax !== 0 && frameMax < FRAME_MIN_SIZE)) {
      const [relation, bound] =
        frameMax > FRAME_BYTES_MAX
          ? ['>', `server's maximum of ${FRAME_BYTES_MAX}`]
          : ['<', `minimum of ${FRAME_MIN_SIZE}`];
      throw new AmqpError('NOT_ALLOWED', `negotiated frame_max = ${frameMax} is ${relation} ${bound}`);
    }
    this.frameBytesMax = frameMax === 0 ? FRAME_BYTES_MAX : frameMax;
    this.channelMax = channelMax === 0 ? CHANNEL_MAX : Math.min(channelMax, CHANNEL_MAX);
    this.state = 'open';
    if (heartbeat === 0) return;
    this.heartbeat = new Heartbeat(
      this.broker.clock,
      heartbeat * 1000,
      () => {
        if (!this.output.active) this.output.heartbeat();
        this.output.active = false;
        // Who is not read is not silent.
        if (this.socket.isPaused() && this.heartbeat !== undefined) this.heartbeat.received = true;
      },
      () => {
        this.broker.log.warn('missed heartbeats of a client', { client: this.peer, timeout: `${heartbeat}s` });
        this.socket.destroy();
      },
    );
  }

  private open(virtualHost: string): void {
    if (virtualHost !== '/') throw new AmqpError('NOT_ALLOWED', `vhost ${virtualHost} not found`);
    this.cancelDeadline();
    this.state = 'running';
    this.output.method(0, connectionOpenOk, { reserved1: '' });
    if (this.broker.commits.failure !== undefined) this.diskChanged(this.broker.commits.failure);
  }

  /** Something was published: while the disk takes nothing, no more is read. */
  published(): void {
    if (this.broker.commits.failure !== undefined) this.socket.pause();
  }

  private diskChanged(failure: string | undefined): void {
    if (this.state !== 'running') return;
    if (this.can('connection.blocked')) {
      if (failure === undefined) this.output.method(0, connectionUnblocked, {});
      else this.output.method(0, connectionBlocked, { reason: shortened(`low on disk: ${failure}`) });
    }
    if (failure === undefined) this.relieved();
  }

  private relieved(): void {
    if (this.state === 'closed') return;
    if (this.socket.isPaused() && !this.output.isStuck && this.broker.commits.failure === undefined)
      this.socket.resume();
    for (const channel of this.channels.values()) channel.wake();
  }

  /** Ends the connection for a reason that the client is told. */
  fail(error: AmqpError, method?: Method): void {
    if (this.state === 'closing' || this.state === 'closed') return;
    this.broker.log.info('a connection failed', { client: this.peer, why: error.message });
    if (this.state === 'header') {
      this.socket.destroy();
      return;
    }
    this.leave();
    this.state = 'closing';
    this.output.method(0, connectionClose, {
      replyCode: error.code,
      replyText: shortened(error.message),
      classId: method?.classId ?? 0,
      methodId: method?.methodId ?? 0,
    });
    this.cancelDeadline();
    this.cancelDeadline = this.broker.clock.schedule(CLOSE_MS, () => this.socket.destroy());
  }

  /** Its channels and its exclusive queues end. */
  private leave(): void {
    for (const channel of this.channels.values()) channel.close();
    this.channels.clear();
    this.broker.leave(this);
  }

  /** Sends what is left, then ends the socket. */
  private finish(): void {
    this.state = 'closed';
    this.broker.commits.after(() => setImmediate(() => this.socket.end()));
    this.end();
    this.cancelDeadline = this.broker.clock.schedule(CLOSE_MS, () => this.socket.destroy());
  }

  private end(): void {
    this.state = 'closed';
    this.cancelDeadline();
    this.heartbeat?.stop();
    this.unwatch();
  }

  private ended(): void {
    this.end();
    this.cancelDeadline();
    this.leave();
    for (const callback of this.closeCallbacks.splice(0)) callback();
  }

  destroy(): void {
    this.socket.destroy();
  }
}
